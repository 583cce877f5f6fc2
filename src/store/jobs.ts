/** The record of every job. All changes of state go through here; each leaves an event. */
import { crashPoint } from "../base/crash_point.ts";
import type { EndReason, JobSpec, Limits, PoolPlace, RunningFacts, Survivor, Watch } from "../job/job.ts";
import type { HealthState } from "../job/health.ts";
import type { MemorySplit, Sample } from "../job/usage.ts";
import { type Database, LocalDatabase } from "./database.ts";
import { openDatabase, openDatabaseFor } from "./open.ts";
import { reasonOf } from "./columns.ts";
import { dropJobs, type Droppable, givePagesBack } from "./prune.ts";
import { setOnEndClaimed } from "./on_end.ts";
import { replaceFindings } from "./findings.ts";
import type { Ending, Moment, StoredEvent } from "../job/events.ts";
import { JobReader } from "./job_reader.ts";
import {
  addEvent,
  type Changes,
  insertJob,
  insertQueued,
  type QueuedRow,
  setChanges,
  setEnded,
  setEnding,
  setHealth,
  setRunning,
  setStarting,
  type Writing,
} from "./transitions.ts";
import {
  type QueueChanges,
  type QueueRows,
  readQueue,
  requeueLost,
  setPoolJobs,
  setPriority,
  writeQueueChanges,
} from "./queue.ts";
import { replaceSamples, type Run, savePeaks } from "./samples.ts";

/** The store of one user on one node: an SQLite file. Every method may throw StoreError. */
export class JobStore extends JobReader {
  /** @param actor the command that writes */
  private constructor(db: Database, path: string, readonly actor: string) {
    super(db, path);
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
  static openFor(directory: string, fileName: string, actor: string, waitMs?: number): JobStore {
    const db = new LocalDatabase(openDatabaseFor(directory, fileName, actor, waitMs), directory, fileName);
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

  /** A new job of a pool, state `queued`. With `isUnique`, the id of a live job of the same name that is there already; null once it is queued. */
  enqueue(spec: JobSpec & { pool: PoolPlace }, queued: QueuedRow, isUnique = false): string | null {
    return this.#write("cannot queue the job", (on) => {
      const other = isUnique ? this.liveNamed(spec.name, spec.uid) : null;
      if (other === null) insertQueued(on, spec, queued);
      return other;
    });
  }

  /** queued and admitted -> starting; false when it has lost its room meanwhile, or has ended. */
  markStarting(id: string, watch: Watch, at: Moment): boolean {
    return this.#write("cannot record the launch", (on) => setStarting(on, id, watch, at));
  }

  /** One pass over the queue: `decide` is given what is there, and what it decides is written in the same transaction. */
  admit(decide: (rows: QueueRows) => QueueChanges): QueueChanges {
    return this.#write("cannot look after the queue", (on) => {
      const changes = decide(readQueue(this.db));
      writeQueueChanges(on, changes);
      return changes;
    });
  }

  /** Detached jobs of pools that a reboot ended are queued again, as often as they may be. */
  requeueLost(bootId: string, atMs: number): void {
    if (!this.hasRequeue(bootId)) return;
    this.#write("cannot queue the job again", (on) => requeueLost(on, this.db, { bootId, atMs }));
  }

  /** Takes back the room of a job whose start came to nothing. */
  giveRoomBack(id: string, at: QueueChanges["at"]): void {
    const changes = { admitted: [], passed: [], givenBack: [id], at };
    this.#write("cannot look after the queue", (on) => writeQueueChanges(on, changes));
  }

  /** Jobs at once of a pool, in place of the configuration's; null takes that back. */
  setPoolJobs(name: string, jobs: number | null): void {
    this.#write("cannot change the pool", (on) => setPoolJobs(on, name, jobs));
  }

  /** Another priority of a queued job; false when it waits no more. */
  setPriority(id: string, priority: number, atMs: number): boolean {
    return this.#write("cannot record the change", (on) => setPriority(on, id, priority, atMs));
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
      const row = this.row(id);
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

  /** What was sampled of a live job so far, in place of what was saved before; nothing for one that has ended. */
  saveSampled(id: string, sampled: { samples: readonly Sample[]; peaks: MemorySplit }): void {
    this.#write("cannot record the samples", (on) => {
      if (savePeaks(on.run, id, sampled.peaks)) replaceSamples(on.run, id, sampled.samples);
    });
  }

  /** What a look at the health of a live job found, and its events, in one transaction. */
  saveHealth(id: string, state: HealthState, events: readonly Omit<StoredEvent, "actor">[]): void {
    this.#write("cannot record its health", (on) => setHealth(on, id, state, events));
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

  /** Records what a sweep found, each finding by a key of its own, and returns the keys that the last sweep did not have. Findings that are gone are forgotten. */
  newFindings(keys: readonly string[], atMs: number): Set<string> {
    return this.#write("cannot record the findings", (on) => {
      const known = this.db.prepare("SELECT key FROM findings").all().map((row) => String(row["key"]));
      return replaceFindings(on, known, { keys, atMs });
    });
  }

  /** Drops the records of these jobs if they may go, in one transaction; how many. */
  drop(which: Droppable, ids: readonly string[]): number {
    return this.#write("cannot drop old records", ({ run }) => dropJobs(run, which, ids));
  }

  /** Gives at most `count` free pages back to the file system. */
  givePagesBack(count: number): void {
    this.read("cannot compact", () => givePagesBack(this.db, count));
  }

  /** From now on waits at most `waitMs` for another process's write. */
  waitAtMost(waitMs: number): void {
    this.db.waitAtMost(waitMs);
  }

  /** The lock of this store's sweep (flock(2)), or null when another sweep has it. */
  lockSweep(): Disposable | null {
    return this.db.lockSweep();
  }

  close(): void {
    this.db.close();
  }

  /** One transaction. IMMEDIATE: a transaction that reads first and writes later fails at once when another one writes. */
  #write<T>(what: string, act: (on: Writing) => T): T {
    const run: Run = (sql, ...values) => Number(this.db.prepare(sql).run(...values).changes);
    return this.read(what, () => {
      run("BEGIN IMMEDIATE");
      try {
        const result = act({ run, actor: this.actor });
        crashPoint("store: not committed");
        run("COMMIT");
        return result;
      } catch (error) {
        if (this.db.isTransaction) run("ROLLBACK");
        throw error;
      }
    });
  }
}
