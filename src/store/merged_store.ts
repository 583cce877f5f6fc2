/**
 * The reports of many nodes as one store, so that everything that reads a store works on them: lines of `corral report --format jsonl`,
 * as they come from clush or a file. On disk, in a file without a name: a million rows are no million rows in memory.
 */
import type { DatabaseSync } from "node:sqlite";
import { quoted, shortened } from "../base/text.ts";
import { type ReportEnd, reportEndIn } from "../job/report_end.ts";
import { LocalDatabase } from "./database.ts";
import { tableParts } from "./gathered_store.ts";
import { JobStore } from "./jobs.ts";
import { NodesHeard } from "./nodes_heard.ts";
import { openScratch } from "./open.ts";
import {
  CPU_PERCENT_COLUMN,
  HOST_COLUMN,
  isHostName,
  type ReportedRow,
  reportedRow,
} from "./reported_row.ts";

/** A job has one row: six characters collide across a fleet, and an id is drawn anew once its job was pruned. */
const KEY = `id, ${HOST_COLUMN}, uid, created_at_ms`;
/** `node7: `, as clush(1) and pdsh(1) put it before each line. */
const PREFIX = /^([^\s:{[]{1,255}): (?=\{)/;

/** Lines that went into no row, and one of them in words. */
export interface LeftOut {
  count: number;
  first: string | null;
}

/** Takes in the lines; `finish()` gives the store. */
export class MergedStore {
  readonly nodes = new NodesHeard();
  /** Lines that are no row of a report, and rows that make no sense. */
  readonly others: LeftOut = { count: 0, first: null };
  readonly damaged: LeftOut = { count: 0, first: null };
  readonly #db: DatabaseSync = openScratch();
  readonly #insert: (row: ReportedRow) => void;
  readonly #indexes: string[];

  constructor(readonly nowMs: number) {
    const { table, indexes } = tableParts(this.#db);
    const made = table.replace(
      "id TEXT PRIMARY KEY",
      `id TEXT NOT NULL, ${HOST_COLUMN} TEXT NOT NULL, ${CPU_PERCENT_COLUMN} REAL`,
    );
    this.#db.exec(
      `PRAGMA foreign_keys = OFF; DROP TABLE jobs; ${made}; CREATE UNIQUE INDEX jobs_key ON jobs (${KEY})`,
    );
    this.#db.exec("BEGIN");
    this.#indexes = indexes;
    this.#insert = inserting(this.#db);
  }

  /** One line; null for one that was too long. */
  add(line: string | null): void {
    if (line === null) return leaveOut(this.others, "a line that is longer than any job's");
    if (line.trim() === "") return;
    const prefix = PREFIX.exec(line);
    const value = objectIn(prefix === null ? line : line.slice(prefix[0].length));
    const host = value === null ? null : hostOf(value, prefix?.[1] ?? null);
    if (value === null || host === null) return leaveOut(this.others, quoted(line, SHOWN_CHARACTERS));
    const end = reportEndIn(value);
    if (end !== null) this.#end({ ...end, host }, line);
    else if ("id" in value && "state" in value) this.#row(value, host);
    else leaveOut(this.others, quoted(line, SHOWN_CHARACTERS));
  }

  #end(end: ReportEnd, line: string): void {
    if (!this.nodes.end(end)) leaveOut(this.others, quoted(line, SHOWN_CHARACTERS));
  }

  #row(value: Readonly<Record<string, unknown>>, host: string): void {
    try {
      if (!this.nodes.row(host)) throw new Error("there are too many nodes");
      this.#insert(reportedRow(value, host, this.nowMs));
      this.nodes.taken(host);
    } catch (error) {
      const cause = error instanceof Error ? error.cause ?? error : error;
      const why = cause instanceof Error ? cause.message : String(cause);
      leaveOut(this.damaged, `${host}: ${shortened(why, SHOWN_CHARACTERS)}`);
    }
  }

  /** Nothing more comes. Throws StoreError. */
  finish(actor: string): JobStore {
    this.#db.exec(`COMMIT; ${this.#indexes.join("; ")}`);
    return JobStore.of(new LocalDatabase(this.#db, "", ""), "the merged reports", actor);
  }
}

const SHOWN_CHARACTERS = 120;

function leaveOut(left: LeftOut, what: string): void {
  left.count++;
  left.first ??= what;
}

/** Null for what is no object of JSON. */
function objectIn(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The name that the row gives itself, unless it came from a node of another one: a node speaks for itself only. Null without a name. */
function hostOf({ host }: Readonly<Record<string, unknown>>, prefix: string | null): string | null {
  if (typeof host !== "string" || !isHostName(host)) return null;
  if (prefix === null || isSameNode(host, prefix)) return host;
  return isHostName(prefix) ? prefix : null;
}

/** `node7` is `node7.example.org`. */
function isSameNode(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

/** A row that comes twice is the later one, but what has ended does not live again. */
function inserting(db: DatabaseSync): (row: ReportedRow) => void {
  let statement: ReturnType<DatabaseSync["prepare"]> | null = null;
  return (row) => {
    statement ??= db.prepare(insertSql(Object.keys(row)));
    statement.run(...Object.values(row));
  };
}

function insertSql(columns: readonly string[]): string {
  const changed = columns.map((name) => `"${name}" = excluded."${name}"`).join(", ");
  return `INSERT INTO jobs (${columns.map((name) => `"${name}"`)}) VALUES (${columns.map(() => "?")})
    ON CONFLICT (${KEY}) DO UPDATE SET ${changed} WHERE jobs.state <> 'ended' OR excluded.state = 'ended'`;
}
