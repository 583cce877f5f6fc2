/** What the store needs of SQLite: a file in this process, or one that a process of its own has open (remote_database.ts). */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { lockSweep } from "./sweep_lock.ts";

/** Values for a statement: in their order, or one object of named ones. */
export type Parameters = (SQLInputValue | Record<string, SQLInputValue>)[];
/** A row by the names of its columns. */
export type Row = Record<string, SQLOutputValue>;

/** A statement. Everything throws what SQLite throws. */
export interface Statement {
  all(...values: Parameters): Row[];
  get(...values: Parameters): Row | undefined;
  run(...values: Parameters): { changes: number | bigint };
  /** Rows become arrays of the values. */
  setReturnArrays(enabled: boolean): void;
  setReadBigInts(enabled: boolean): void;
}

/** An open database. */
export interface Database {
  prepare(sql: string): Statement;
  readonly isTransaction: boolean;
  /** From now on no call waits longer for another process, or for the file system. */
  waitAtMost(waitMs: number): void;
  /** The lock of the store's sweep, or null when another sweep has it. Throws StoreError. */
  lockSweep(): Disposable | null;
  close(): void;
}

/** The file in this process; `directory` and `fileName` are those of its sweep's lock. */
export class LocalDatabase implements Database {
  constructor(
    readonly sqlite: DatabaseSync,
    readonly directory: string,
    readonly fileName: string,
  ) {}

  prepare(sql: string): Statement {
    // setReturnArrays is in the runtime since Deno 2.7, not yet in its types.
    return this.sqlite.prepare(sql) as unknown as Statement;
  }

  get isTransaction(): boolean {
    return this.sqlite.isTransaction;
  }

  waitAtMost(waitMs: number): void {
    this.sqlite.prepare(`PRAGMA busy_timeout = ${waitMs}`).get();
  }

  lockSweep(): Disposable | null {
    return lockSweep(this.directory, this.fileName);
  }

  close(): void {
    this.sqlite.close();
  }
}
