/** Stores in a directory of their own. */
import { DatabaseSync } from "node:sqlite";
import type { JobSpec } from "../../../src/job/job.ts";
import { JobStore } from "../../../src/store/jobs.ts";
import { runOf, specOf, watchOf } from "./job.ts";
import { TempDir } from "./temp.ts";

const FILE = "corral.db";
const WRITES = [["jobs", "INSERT"], ["jobs", "UPDATE"], ["events", "INSERT"], ["samples", "INSERT"]] as const;

export class StoreDir implements Disposable {
  readonly #temp = new TempDir();
  readonly #open: { close(): void }[] = [];
  /** How long opening waits for another process; undefined: as long as in real life. */
  waitMs: number | undefined = undefined;

  get path(): string {
    return this.#temp.path;
  }

  get file(): string {
    return `${this.path}/${FILE}`;
  }

  open(actor = "run"): JobStore {
    const store = JobStore.open(this.path, FILE, actor, this.waitMs);
    this.#open.push(store);
    return store;
  }

  /** A connection past corral's own code: another program, or a hand that damages. */
  raw(): DatabaseSync {
    const database = new DatabaseSync(this.file);
    this.#open.push(database);
    return database;
  }

  /** As on a full disk: nothing more can be recorded, by any connection, until `free()`. */
  fill(): void {
    const refuse = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    const raw = this.raw();
    for (const [table, act] of WRITES) {
      raw.exec(`CREATE TRIGGER full_${act}_${table} BEFORE ${act} ON ${table} ${refuse}`);
    }
  }

  /** There is room again. */
  free(): void {
    const raw = this.raw();
    for (const [table, act] of WRITES) raw.exec(`DROP TRIGGER full_${act}_${table}`);
  }

  /** Everybody who has it open lets go, as at the end of their processes. */
  closeAll(): void {
    for (const handle of this.#open.splice(0)) {
      try {
        handle.close();
      } catch {
        // It has let go already.
      }
    }
  }

  [Symbol.dispose](): void {
    this.closeAll();
    this.#temp[Symbol.dispose]();
  }
}

/** As a disk that lost the second half of a file's pages: they are there, and empty. */
export function emptySecondHalf(path: string): void {
  const { size } = Deno.statSync(path);
  const half = Math.floor(size / 2);
  Deno.truncateSync(path, half);
  Deno.truncateSync(path, size);
}

/** Records a job that runs in /corral/ID. */
export function insertRunning(store: JobStore, changes: Partial<JobSpec> = {}): void {
  const spec = specOf(changes);
  store.insert(spec, watchOf());
  store.markRunning(spec.id, runOf({ cgroup: { path: `/corral/${spec.id}`, inode: 4242 } }));
}
