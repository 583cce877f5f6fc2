/**
 * The store as the enforcing code sees it: every call may fail (full disk, lock, damage) and none stops the enforcement. What could not
 * be written is kept and written with whatever comes next; the first failure is said on stderr.
 */
import { errorText } from "../base/errors.ts";
import type { EndReason, JobSpec, Limits, RunningFacts, Survivor, Watch } from "../job/job.ts";
import type { HealthSpec, HealthState } from "../job/health.ts";
import type { Ending, Moment, StoredEvent } from "../job/events.ts";
import { BUSY_TIMEOUT_MS } from "./open.ts";
import type { Usage } from "../job/usage.ts";
import type { Sampled } from "../job/series.ts";
import { applyOnce, applyWrite, type StorePort, type Unwritten, type Write } from "./unwritten.ts";

/** How long a kill waits for another process's write to the store before it goes ahead unrecorded. */
const HURRIED_WAIT_MS = 250;
/** How long a launch waits for its store, all its calls together. */
export const LAUNCH_WAIT_MS = 1_000;
/** A launch that has waited so long gives each further call no more than this. */
const SPENT_WAIT_MS = 20;
/** How long the record of the end may keep `corral run` from returning the code of its job. */
const RECORD_WAIT_MS = 2_000;

type Act<T> = (store: StorePort) => T;

/** What kind of record it is. */
export interface LedgerOptions {
  /** It keeps the record of many jobs: no end of one is waited for long, `flush` comes later. */
  isShared: boolean;
  /** Of a launch: nothing waits long for another process, and what is left unwritten at the end goes to a file for the next sweep. */
  launch?: { unwritten: Unwritten; reopen: (waitMs: number) => StorePort };
}

/** A store that may be missing or fail. */
export class Ledger {
  #store: StorePort | null;
  #warned = false;
  /** Why the last call failed that was to write something. */
  #failure: unknown = null;
  #patienceMs = LAUNCH_WAIT_MS;
  /** Writes that failed, oldest first: they go before any other. */
  readonly #pending: Write[] = [];

  /** @param store null when it could not be opened: the caller has said so, or `launch` opens it later */
  constructor(
    store: StorePort | null,
    readonly warn: (line: string) => void,
    readonly options: LedgerOptions = { isShared: false },
  ) {
    this.#store = store;
    this.#warned = store === null && options.launch === undefined;
  }

  /** True while something is not yet written. */
  get isBehind(): boolean {
    return this.#pending.length > 0;
  }

  /** The last try to write what is not yet written. */
  flush(): void {
    if (this.isBehind) this.#attempt(BUSY_TIMEOUT_MS, () => {});
  }

  /** The end of a launch's record: what is still not written goes to a file, and the user is told. */
  settle(id: string): void {
    const { launch } = this.options;
    if (!this.isBehind || launch === undefined) return;
    this.#attempt(HURRIED_WAIT_MS, () => {});
    if (!this.isBehind) return;
    try {
      launch.unwritten.keep(id, this.#pending);
      this.#say(this.#failure, "; the next sweep completes it");
    } catch {
      this.#say(this.#failure);
    }
  }

  /** What is recorded of the job; null when the store does not answer. */
  recorded(id: string): { spec: JobSpec | null; events: StoredEvent[] } | null {
    return this.#attempt(this.#patience(HURRIED_WAIT_MS), (store) => {
      return { events: store.events(id), spec: store.get(id)?.spec ?? null };
    }) ?? null;
  }

  /** What is recorded of the usage of a job that has ended; null when nothing is, and when the store does not answer. */
  recordedUsage(id: string): Usage | null {
    const job = this.#attempt(this.#patience(HURRIED_WAIT_MS), (store) => store.get(id));
    return job?.phase.state === "ended" ? job.phase.usage : null;
  }

  insert(spec: JobSpec, watch: Watch): void {
    this.#write(["insert", [spec, watch]]);
  }

  isTaken(id: string): boolean {
    return this.#attempt(this.#patience(BUSY_TIMEOUT_MS), (store) => store.isTaken(id)) ?? false;
  }

  /** False when another process has ended the job meanwhile: its command must not run. */
  markRunning(id: string, facts: RunningFacts, limits: Limits | null = null): boolean {
    return this.#write<boolean>(["markRunning", [id, facts, limits]]) ?? true;
  }

  /**
   * The reason that holds: the first one claimed. With a store that does not answer, one's own; `markEnded` records it later. `processesLive`:
   * there are processes to be killed, and the kill does not wait.
   */
  claimEnding(
    id: string,
    reason: EndReason,
    { at, processesLive }: { at: Moment; processesLive: boolean },
  ): EndReason {
    const waitMs = processesLive || this.#pending.length > 0 ? HURRIED_WAIT_MS : BUSY_TIMEOUT_MS;
    return this.#attempt(this.#patience(waitMs), (store) => store.claimEnding(id, reason, at)) ?? reason;
  }

  /** False when another process had recorded the end before. */
  markEnded(id: string, ending: Ending, steps: StoredEvent[]): boolean {
    return this.#write<boolean>(["markEnded", [id, ending, steps]], !this.options.isShared) ?? true;
  }

  /** True for the one process that is to run the job's `--on-end` command; undefined when the store does not say: then it is left to a sweep. */
  claimOnEnd(id: string, atMs: number): boolean | undefined {
    return this.#attempt(this.#patience(BUSY_TIMEOUT_MS), (store) => store.claimOnEnd(id, atMs));
  }

  setSurvivors(id: string, survivors: Survivor[], steps: StoredEvent[]): void {
    this.#write(["setSurvivors", [id, survivors, steps]]);
  }

  addEvents(id: string, events: StoredEvent[]): void {
    this.#write(["addEvents", [id, events]]);
  }

  /** True when it is saved. Nothing waits for it, and nothing is said when it fails: it comes again, at the latest with the end. */
  saveSampled(id: string, sampled: Sampled): boolean {
    return this.#attempt(0, (store) => {
      store.saveSampled(id, sampled);
      return true;
    }) ?? false;
  }

  /** What the job's supervisor has saved of its samples; undefined when the store does not say. */
  sampled(id: string): Sampled | undefined {
    return this.#attempt(HURRIED_WAIT_MS, (store) => store.sampled(id));
  }

  /** True when it is saved. Nothing waits for it; what is not saved comes again with the next look. */
  saveHealth(id: string, state: HealthState, events: readonly Omit<StoredEvent, "actor">[]): boolean {
    return this.#attempt(events.length === 0 ? 0 : HURRIED_WAIT_MS, (store) => {
      store.saveHealth(id, state, events);
      return true;
    }) ?? false;
  }

  /** How the health of a running job is checked now (`corral set` may have changed it): null without a check; undefined when the store does not say. */
  healthSpec(id: string): HealthSpec | null | undefined {
    const job = this.#attempt(HURRIED_WAIT_MS, (store) => store.get(id));
    return job?.phase.state === "running" ? job.spec.health ?? null : undefined;
  }

  /** The limits of time as they stand now (`corral set` may have moved them); undefined when the store does not say. */
  timeLimits(id: string): { deadlineBootMs: number | null; cpuTimeMs: number | null } | undefined {
    const job = this.#attempt(HURRIED_WAIT_MS, (store) => store.get(id));
    if (job?.phase.state !== "running") return undefined;
    return { deadlineBootMs: job.phase.run.deadlineBootMs, cpuTimeMs: job.spec.cpuTimeMs };
  }

  /** The first signal that the processes of a job get whose end has begun; undefined for any other, and when the store does not say. */
  firstSignalOfEnding(id: string): string | undefined {
    const job = this.#attempt(HURRIED_WAIT_MS, (store) => store.get(id));
    return job?.phase.state === "ending" ? job.spec.signal : undefined;
  }

  #write<T>(write: Write, lastChance = false): T | undefined {
    const usualMs = this.#pending.length === 0 || lastChance ? BUSY_TIMEOUT_MS : HURRIED_WAIT_MS;
    const isLast = lastChance && this.options.launch !== undefined;
    // What was waited for in vain before is part of it.
    const lastMs = Math.round(RECORD_WAIT_MS - LAUNCH_WAIT_MS + Math.max(0, this.#patienceMs));
    const waitMs = isLast ? lastMs : this.#patience(usualMs);
    return this.#attempt(waitMs, (store) => applyWrite(store, write) as T, (error) => {
      this.#pending.push(write);
      this.#failure = error;
      // A store that is busy takes it later; `settle` has the last word.
      if (this.options.launch === undefined || !isBusy(error)) this.#say(error);
    });
  }

  /** How long a call may wait that would usually wait so long. */
  #patience(usualMs: number): number {
    if (this.options.launch === undefined) return usualMs;
    return Math.min(usualMs, Math.max(SPENT_WAIT_MS, Math.round(this.#patienceMs)));
  }

  #attempt<T>(waitMs: number, act: Act<T>, onFailure: (error: unknown) => void = () => {}): T | undefined {
    const startMs = performance.now();
    try {
      this.#store ??= this.options.launch?.reopen(waitMs) ?? null;
      if (this.#store === null) return undefined;
      this.#store.waitAtMost(waitMs);
      while (this.#pending.length > 0) {
        applyOnce(this.#store, this.#pending[0]!);
        this.#pending.shift();
      }
      return act(this.#store);
    } catch (error) {
      this.#patienceMs -= performance.now() - startMs;
      onFailure(error);
      return undefined;
    }
  }

  #say(error: unknown, rest = ""): void {
    if (this.#warned) return;
    this.#warned = true;
    this.warn(`warning: the record of this job is incomplete: ${errorText(error)}${rest}`);
  }
}

/** Another process holds the store, or its file system does not answer: neither is the store's own fault. */
export function isBusy(error: unknown): boolean {
  return /locked|does not answer/.test(String(error));
}
