/** The record of every job. All changes of state go through here; each leaves an event. */
import type { SQLInputValue } from "node:sqlite";
import { crashPoint } from "../base/crash_point.ts";
import type { EndReason, Job, JobSpec, Limits, RunningFacts, Survivor, Watch } from "../job/job.ts";
import type { Selector } from "../value/selector.ts";
import { type MemorySplit, NO_SPLIT, type Sample } from "../job/usage.ts";
import { type Database, LocalDatabase } from "./database.ts";
import { openDatabase, openDatabaseFor, storeError } from "./open.ts";
import { readPages, type RowQuery } from "./pages.ts";
import { reasonOf } from "./columns.ts";
import {
  countPages,
  dropJobs,
  type Droppable,
  givePagesBack,
  selectClockMarks,
  selectDroppable,
} from "./prune.ts";
import { findJobs, type Found, recentSql } from "./find.ts";
import { setOnEndClaimed, UNCLAIMED } from "./on_end.ts";
import { replaceFindings } from "./findings.ts";
import type { Ending, Moment, StoredEvent } from "../job/events.ts";
import {
  DamagedRow,
  eventFromRow,
  jobFromRow,
  type JobRow,
  type OnDamage,
  readRows,
  rethrow,
  splitFromRow,
} from "./rows.ts";
import {
  addEvent,
  type Changes,
  insertJob,
  setChanges,
  setEnded,
  setEnding,
  setRunning,
  type Writing,
} from "./transitions.ts";
import { replaceSamples, type Run, sampleFromRow, savePeaks } from "./samples.ts";

/** The store of one user on one node: an SQLite file. Every method may throw StoreError. */
export class JobStore {
  readonly #db: Database;

  /** @param path of the file, for messages; @param actor the command that writes */
  private constructor(db: Database, readonly path: string, readonly actor: string) {
    this.#db = db;
  }

  /** Opens `directory/fileName`, making and migrating it as needed. Throws StoreError, TrustError. */
  static open(directory: string, fileName: string, actor: string, waitMs?: number): JobStore {
    const db = new LocalDatabase(openDatabase(directory, fileName, waitMs), directory, fileName);
    return new JobStore(db, `${directory}/${fileName}`, actor);
  }

  /**
   * As open(), but only the commands that record a job, or look after the store, make one: for the others there are no jobs where there is
   * no store. Throws StoreError, TrustError.
   */
  static openFor(directory: string, fileName: string, actor: string): JobStore {
    const db = new LocalDatabase(openDatabaseFor(directory, fileName, actor), directory, fileName);
    return new JobStore(db, `${directory}/${fileName}`, actor);
  }

  /** The store in a database that is open already. */
  static of(db: Database, path: string, actor: string): JobStore {
    return new JobStore(db, path, actor);
  }

  /** A new job, state `starting`. Throws StoreError; `isTaken(id)` tells a clash of ids. */
  insert(spec: JobSpec, watch: Watch): void {
    this.#write("cannot record the job", (on) => insertJob(on, spec, watch));
  }

  isTaken(id: string): boolean {
    return this.#read(
      "cannot read",
      () => this.#db.prepare("SELECT 1 FROM jobs WHERE id = ?").get(id) !== undefined,
    );
  }

  /**
   * starting -> running; false when another process has ended the job meanwhile. `limits`: those in force, when they are not all that were
   * asked for.
   */
  markRunning(id: string, facts: RunningFacts, limits: Limits | null = null): boolean {
    return this.#write("cannot record the launch", (on) => setRunning(on, id, facts, limits));
  }

  /**
   * -> ending, for `reason` unless another process was first. Returns the reason that holds, or null when the job has ended already.
   */
  claimEnding(id: string, reason: EndReason, at: Moment): EndReason | null {
    return this.#write("cannot record the ending", (on) => {
      setEnding(on, id, reason, at);
      const row = this.#row(id);
      return row === null || row.state === "ended" ? null : reasonOf(row.reason, "reason");
    });
  }

  /** -> ended, once: false when another process has ended it already. Steps are written with it, in one transaction. */
  markEnded(id: string, ending: Ending, steps: StoredEvent[]): boolean {
    return this.#write("cannot record the end", (on) => setEnded(on, id, ending, steps));
  }

  /** True for the one process that is to run the job's `--on-end` command. */
  claimOnEnd(id: string, atMs: number): boolean {
    return this.#write("cannot record who runs --on-end", (on) => setOnEndClaimed(on, id, atMs));
  }

  /** Jobs that have ended and whose `--on-end` command no process has claimed; a damaged row is left out. */
  unclaimedOnEnd(): Job[] {
    return this.#rows(UNCLAIMED).map((row) => this.#jobOrNull(row, () => {})).filter((job) => job !== null);
  }

  /** What was sampled of a live job so far, in place of what was saved before; nothing for one that has ended. */
  saveSampled(id: string, sampled: { samples: readonly Sample[]; peaks: MemorySplit }): void {
    this.#write("cannot record the samples", (on) => {
      if (savePeaks(on.run, id, sampled.peaks)) replaceSamples(on.run, id, sampled.samples);
    });
  }

  /** The recorded course of a job and its peaks by kind, so far or of all its life. */
  sampled(id: string): { samples: Sample[]; peaks: MemorySplit } {
    const row = this.#row(id);
    const samples = this.#read(
      "cannot read",
      () => this.#db.prepare("SELECT * FROM samples WHERE job_id = ? ORDER BY offset_ms").all(id),
    );
    return { samples: samples.map(sampleFromRow), peaks: row === null ? NO_SPLIT : splitFromRow(row) };
  }

  /** What is left of an unkillable job after another try. */
  setSurvivors(id: string, survivors: Survivor[], steps: StoredEvent[]): void {
    this.#write("cannot record the survivors", (on) => {
      on.run("UPDATE jobs SET survivors = ? WHERE id = ?", JSON.stringify(survivors), id);
      for (const step of steps) addEvent(on, id, step);
    });
  }

  /** New limits or a new deadline of a live job; false when it is ending or has ended. */
  change(id: string, to: Changes, event: StoredEvent): boolean {
    return this.#write("cannot record the change", (on) => setChanges(on, id, to, event));
  }

  /** Adds events. */
  addEvents(id: string, events: StoredEvent[]): void {
    this.#write("cannot record an event", (on) => {
      for (const event of events) addEvent(on, id, event);
    });
  }

  /** True when a job that was recorded after this one has its receipt at the same path. */
  hasLaterReceipt(id: string, path: string): boolean {
    const later =
      "SELECT 1 FROM jobs WHERE json_extract(receipt, '$.path') = ? AND rowid > (SELECT rowid FROM jobs WHERE id = ?)";
    return this.#read("cannot read", () => this.#db.prepare(later).get(path, id) !== undefined);
  }

  /** Null when there is none; a damaged row is told and taken for none, or thrown. */
  get(id: string, onDamage: OnDamage = rethrow): Job | null {
    const row = this.#row(id);
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

  /**
   * The owner's word for one sweep: how many sweeps in a row have heard that the job is finished, this one included; 0 when it is not.
   * Returns that number.
   */
  countStrike(id: string, isFinished: boolean): number {
    return this.#write("cannot record the owner's word", (on) => {
      on.run(
        "UPDATE jobs SET owner_strikes = CASE WHEN ? THEN owner_strikes + 1 ELSE 0 END WHERE id = ?",
        Number(isFinished),
        id,
      );
      return this.strikes(id);
    });
  }

  /** Sweeps in a row that have heard that the job is finished. */
  strikes(id: string): number {
    return this.#row(id)?.owner_strikes ?? 0;
  }

  /** Records what a sweep found, each finding by a key of its own, and returns the keys that the last sweep did not have. Findings that are gone are forgotten. */
  newFindings(keys: readonly string[], atMs: number): Set<string> {
    return this.#write("cannot record the findings", (on) => {
      const known = this.#db.prepare("SELECT key FROM findings").all().map((row) => String(row["key"]));
      return replaceFindings(on, known, { keys, atMs });
    });
  }

  /** Jobs that a selector means, live ones first, then the last ended ones, and by what they were found. */
  find(selector: Selector): Found {
    return findJobs(selector, (where, ...values) => this.#jobs(where, ...values));
  }

  /** In the order in which they happened: the steps of an ending are written when it is over. */
  events(id: string): StoredEvent[] {
    const sql = "SELECT at_ms, actor, kind, detail FROM events WHERE job_id = ? ORDER BY at_ms, seq";
    return this.#read("cannot read", () => this.#db.prepare(sql).all(id).map(eventFromRow));
  }

  /** What the last records hold of the wall clock. Throws StoreError. */
  clockMarks(bootId: string): { newestMs: number | null; offsetsMs: number[] } {
    return this.#read("cannot read", () => selectClockMarks(this.#db, bootId));
  }

  /** Ids of jobs whose records may go, those first that ended first; at most `count`. */
  droppable(which: Droppable, count: number): string[] {
    return this.#read("cannot read", () => selectDroppable(this.#db, which, count));
  }

  /** Drops the records of these jobs if they may go, in one transaction; how many. */
  drop(which: Droppable, ids: readonly string[]): number {
    return this.#write("cannot drop old records", ({ run }) => dropJobs(run, which, ids));
  }

  /** Pages of the file, and the empty ones that can be given back: none in a store older than schema 3. */
  pages(): { pages: number; freePages: number } {
    return this.#read("cannot read", () => countPages(this.#db));
  }

  /** Gives at most `count` free pages back to the file system. */
  givePagesBack(count: number): void {
    this.#read("cannot compact", () => givePagesBack(this.#db, count));
  }

  /** Names of the columns of `jobs`. */
  columns(): string[] {
    const rows = this.#read("cannot read", () => this.#db.prepare("PRAGMA table_info(jobs)").all());
    return rows.map((row) => String(row["name"]));
  }

  /** The rows of a query, read as they are taken. Throws StoreError, also half-way. */
  rows<Row>(query: RowQuery): Generator<Row> {
    return readPages<Row>(this.#db, this.path, query);
  }

  /** From now on waits at most `waitMs` for another process's write. */
  waitAtMost(waitMs: number): void {
    this.#db.waitAtMost(waitMs);
  }

  /** The lock of this store's sweep (flock(2)), or null when another sweep has it. */
  lockSweep(): Disposable | null {
    return this.#db.lockSweep();
  }

  close(): void {
    this.#db.close();
  }

  #row(id: string): JobRow | null {
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
    return this.#read("cannot read", () => {
      const statement = this.#db.prepare(`SELECT * FROM jobs WHERE ${where}`);
      return readRows(statement, values);
    });
  }

  /** One transaction. IMMEDIATE: a transaction that reads first and writes later fails at once when another one writes. */
  #write<T>(what: string, act: (on: Writing) => T): T {
    const run: Run = (sql, ...values) => Number(this.#db.prepare(sql).run(...values).changes);
    return this.#read(what, () => {
      run("BEGIN IMMEDIATE");
      try {
        const result = act({ run, actor: this.actor });
        crashPoint("store: not committed");
        run("COMMIT");
        return result;
      } catch (error) {
        if (this.#db.isTransaction) run("ROLLBACK");
        throw error;
      }
    });
  }

  #read<T>(what: string, act: () => T): T {
    try {
      return act();
    } catch (cause) {
      throw storeError(what, this.path, cause);
    }
  }
}
