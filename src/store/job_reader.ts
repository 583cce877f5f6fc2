/** What is read of the record of every job. */
import type { SQLInputValue } from "node:sqlite";
import type { Job } from "../job/job.ts";
import type { Selector } from "../value/selector.ts";
import { type MemorySplit, NO_SPLIT, type Sample } from "../job/usage.ts";
import type { Database, Statement } from "./database.ts";
import { storeError } from "./open.ts";
import { readPages, type RowQuery } from "./pages.ts";
import { countEnded, type EndedCounts } from "./ended_counts.ts";
import { selectEndings } from "./endings.ts";
import { countPages, type Droppable, selectClockMarks, selectDroppable } from "./prune.ts";
import { findJobs, type Found, recentSql } from "./find.ts";
import {
  type EndedFilter,
  type EndedRows,
  endedRows,
  endedSlice,
  type EndedSum,
  endedSums,
} from "./ended_pages.ts";
import { UNCLAIMED } from "./on_end.ts";
import type { StoredEvent } from "../job/events.ts";
import {
  DamagedRow,
  jobFromRow,
  type JobRow,
  type OnDamage,
  readRows,
  rethrow,
  splitFromRow,
} from "./rows.ts";
import {
  isAnyQueued,
  lostWithRequeue,
  type QueueRows,
  readQueue,
  startingInPools,
  ticketOfJob,
} from "./queue.ts";
import type { Ticket } from "../job/ticket.ts";
import { sampleFromRow } from "./samples.ts";

/** The reading half of JobStore. Every method may throw StoreError. */
export class JobReader {
  /** A statement that nothing holds keeps its memory, tens of kilobytes that V8 knows nothing of, until V8 collects. */
  readonly #statements = new Map<string, Statement>();

  /** @param path of the file, for messages */
  protected constructor(protected readonly db: Database, readonly path: string) {}

  isTaken(id: string): boolean {
    return this.read(
      "cannot read",
      () => this.db.prepare("SELECT 1 FROM jobs WHERE id = ?").get(id) !== undefined,
    );
  }

  /** Jobs that have ended and whose `--on-end` command no process has claimed; a damaged row is left out. */
  unclaimedOnEnd(): Job[] {
    return this.#rows(UNCLAIMED).map((row) => this.#jobOrNull(row, () => {})).filter((job) => job !== null);
  }

  /** The recorded course of a job and its peaks by kind, so far or of all its life. */
  sampled(id: string): { samples: Sample[]; peaks: MemorySplit } {
    const row = this.row(id);
    const samples = this.read(
      "cannot read",
      () => this.#statement("SELECT * FROM samples WHERE job_id = ? ORDER BY offset_ms").all(id),
    );
    return { samples: samples.map(sampleFromRow), peaks: row === null ? NO_SPLIT : splitFromRow(row) };
  }

  /** True when a job that was recorded after this one has its receipt at the same path. */
  hasLaterReceipt(id: string, path: string): boolean {
    const later =
      "SELECT 1 FROM jobs WHERE json_extract(receipt, '$.path') = ? AND rowid > (SELECT rowid FROM jobs WHERE id = ?)";
    return this.read("cannot read", () => this.db.prepare(later).get(path, id) !== undefined);
  }

  /** Null when there is none; a damaged row is told and taken for none, or thrown. */
  get(id: string, onDamage: OnDamage = rethrow): Job | null {
    const row = this.row(id);
    return row === null ? null : this.#jobOrNull(row, onDamage);
  }

  /** Jobs that are not ended, and ended ones with processes left; oldest first. Rows that are damaged are told and left out, or thrown. */
  live(onDamage: OnDamage = rethrow): Job[] {
    const rows = this.#rows("state <> 'ended' OR survivors <> '[]' ORDER BY created_at_ms, id");
    return rows.flatMap((row) => this.#jobOrNull(row, onDamage) ?? []);
  }

  /** The live jobs, and of the ended ones the `count` that were recorded last; newest first. Damaged rows as in live(). */
  recent(count: number, onDamage: OnDamage = rethrow): Job[] {
    const rows = this.#rows(`${recentSql("?")} ORDER BY created_at_ms DESC, rowid DESC`, count);
    return rows.flatMap((row) => this.#jobOrNull(row, onDamage) ?? []);
  }

  /** True when some job waits for room. */
  isAnyQueued(): boolean {
    return this.read("cannot read", () => isAnyQueued(this.db));
  }

  /** Ids of jobs of pools that are in their launch. */
  startingInPools(): string[] {
    return this.read("cannot read", () => startingInPools(this.db));
  }

  /** True when a job of an earlier boot may be queued again. */
  protected hasRequeue(bootId: string): boolean {
    return this.read("cannot read", () => lostWithRequeue(this.db, bootId).length > 0);
  }

  /** True when a detached job waits for room, or for its start. */
  isDetachedQueued(): boolean {
    return this.read("cannot read", () => isAnyQueued(this.db, true));
  }

  /** The whole queue, and what has room. */
  queue(): QueueRows {
    return this.read("cannot read", () => readQueue(this.db, true));
  }

  /** How any corral starts a queued job; null for one whose caller waits. */
  ticket(id: string): Ticket | null {
    return this.read("cannot read", () => ticketOfJob(this.db, id));
  }

  /** The id of a live job of this name and user; null when there is none. */
  liveNamed(name: string, uid: number): string | null {
    const sql =
      "SELECT id FROM jobs WHERE name = ? AND uid = ? AND (state <> 'ended' OR survivors <> '[]') LIMIT 1";
    const row = this.read("cannot read", () => this.db.prepare(sql).get(name, uid));
    return row === undefined ? null : String(row["id"]);
  }

  /** Sweeps in a row that have heard that the job is finished. */
  strikes(id: string): number {
    return this.row(id)?.owner_strikes ?? 0;
  }

  /** Jobs that a selector means, live ones first, then the last ended ones, and by what they were found. */
  find(selector: Selector): Found {
    return findJobs(selector, (where, ...values) => this.#jobs(where, ...values));
  }

  /** In the order in which they happened: the steps of an ending are written when it is over. */
  events(id: string): StoredEvent[] {
    const sql = "SELECT at_ms, actor, kind, detail FROM events WHERE job_id = ? ORDER BY at_ms, seq";
    return this.read("cannot read", () => this.db.prepare(sql).all(id).map(eventFromRow));
  }

  /** What the last records hold of the wall clock. Throws StoreError. */
  clockMarks(bootId: string): { newestMs: number | null; offsetsMs: number[] } {
    return this.read("cannot read", () => selectClockMarks(this.db, bootId));
  }

  /** Ids of jobs whose records may go, those first that ended first; at most `count`. */
  droppable(which: Droppable, count: number): string[] {
    return this.read("cannot read", () => selectDroppable(this.db, which, count));
  }

  /** Pages of the file, and the empty ones that can be given back: none in a store older than schema 3. */
  pages(): { pages: number; freePages: number } {
    return this.read("cannot read", () => countPages(this.db));
  }

  /** The name of the store, and the number of its last ending. */
  endings(): { store: string; last: number } {
    return this.read("cannot read", () => selectEndings(this.db));
  }

  /** Adds what has ended since `counts` was read, or counts all. */
  endedCounts(counts: EndedCounts | null = null): EndedCounts {
    return this.read("cannot read", () => countEnded(this.db, counts));
  }

  /** Names of the columns of `jobs`. */
  columns(): string[] {
    const rows = this.read("cannot read", () => this.db.prepare("PRAGMA table_info(jobs)").all());
    return rows.map((row) => String(row["name"]));
  }

  /** A word that is another one after each change of the store, by whichever process. */
  version(): string {
    return this.read("cannot read", () => {
      const others = this.db.prepare("PRAGMA data_version").get()?.["data_version"];
      return `${others} ${this.db.prepare("SELECT total_changes() AS own").get()?.["own"]}`;
    });
  }

  /** One page of the ended jobs, the last ended first; damaged rows are left out. */
  endedPage(query: EndedRows): { jobs: Job[]; isLast: boolean } {
    const rows = this.read("cannot read", () => endedRows(this.db, query));
    const jobs = rows.map((row) => this.#jobOrNull(row, () => {})).filter((job) => job !== null);
    return { jobs, isLast: rows.length < query.limit };
  }

  /** Where a slice of the history begins (ended_pages.ts). */
  endedSlice(slice: Parameters<typeof endedSlice>[1]): number | null {
    return this.read("cannot read", () => endedSlice(this.db, slice));
  }

  /** All ended jobs that the filter lets through, by reason and user. */
  endedSums(filter: EndedFilter): EndedSum[] {
    return this.read("cannot read", () => endedSums(this.db, filter));
  }

  /** The rows of a query, read as they are taken. Throws StoreError, also half-way. */
  rows<Row>(query: RowQuery): Generator<Row> {
    return readPages<Row>(this.db, this.path, query);
  }

  protected row(id: string): JobRow | null {
    return this.#rows("id = ?", id)[0] ?? null;
  }

  #jobOrNull(row: JobRow, onDamage: OnDamage): Job | null {
    try {
      return jobFromRow(row, this.path);
    } catch (error) {
      if (!(error instanceof DamagedRow)) throw error;
      onDamage(error);
      return null;
    }
  }

  #jobs(where: string, ...values: SQLInputValue[]): Job[] {
    return this.#rows(where, ...values).map((row) => jobFromRow(row, this.path));
  }

  #rows(where: string, ...values: SQLInputValue[]): JobRow[] {
    return this.read("cannot read", () => {
      return readRows(this.#statement(`SELECT * FROM jobs WHERE ${where}`), values);
    });
  }

  /** One that is used again and again. */
  #statement(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Throws what `act` throws as a StoreError. */
  protected read<T>(what: string, act: () => T): T {
    try {
      return act();
    } catch (cause) {
      throw storeError(what, this.path, cause);
    }
  }
}

/** An event as it was written. */
function eventFromRow(row: Record<string, unknown>): StoredEvent {
  return {
    atMs: Number(row["at_ms"]),
    actor: String(row["actor"]),
    kind: String(row["kind"]),
    detail: JSON.parse(String(row["detail"])),
  };
}
