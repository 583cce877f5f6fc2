/**
 * The store as the enforcing code sees it: every call may fail (full disk, lock, damage) and none stops the enforcement. What could not
 * be written is kept and written with whatever comes next; the first failure is said on stderr.
 */
import { errorText } from "../base/errors.ts";
import type { EndReason, JobSpec, Limits, RunningFacts, Survivor, Watch } from "../job/job.ts";
import type { JobStore } from "./jobs.ts";
import type { Ending, Moment, StoredEvent } from "../job/events.ts";
import { BUSY_TIMEOUT_MS } from "./open.ts";
import type { Sampled } from "../job/series.ts";

/** How long a kill waits for another process's write to the store before it goes ahead unrecorded. */
const HURRIED_WAIT_MS = 250;

type Act<T> = (store: JobStore) => T;

/** A store that may be missing or fail. */
export class Ledger {
  #warned = false;
  /** Writes that failed, oldest first: they go before any other. */
  readonly #pending: Act<unknown>[] = [];

  /**
   * @param store null when it could not be opened, which the caller has said
   * @param isShared it keeps the record of many jobs: no end of one is waited for long, `flush` comes later
   */
  constructor(
    readonly store: JobStore | null,
    readonly warn: (line: string) => void,
    readonly options: { isShared: boolean } = { isShared: false },
  ) {
    this.#warned = store === null;
  }

  /** True while something is not yet written. */
  get isBehind(): boolean {
    return this.#pending.length > 0;
  }

  /** The last try to write what is not yet written. */
  flush(): void {
    if (this.isBehind) this.#attempt(BUSY_TIMEOUT_MS, () => {});
  }

  insert(spec: JobSpec, watch: Watch): void {
    this.#write((store) => store.insert(spec, watch));
  }

  isTaken(id: string): boolean {
    return this.#attempt(BUSY_TIMEOUT_MS, (store) => store.isTaken(id)) ?? false;
  }

  /** False when another process has ended the job meanwhile: its command must not run. */
  markRunning(id: string, facts: RunningFacts, limits: Limits | null = null): boolean {
    return this.#write((store) => store.markRunning(id, facts, limits)) ?? true;
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
    return this.#attempt(waitMs, (store) => store.claimEnding(id, reason, at)) ?? reason;
  }

  /** False when another process had recorded the end before. */
  markEnded(id: string, ending: Ending, steps: StoredEvent[]): boolean {
    return this.#write((store) => store.markEnded(id, ending, steps), !this.options.isShared) ?? true;
  }

  setSurvivors(id: string, survivors: Survivor[], steps: StoredEvent[]): void {
    this.#write((store) => store.setSurvivors(id, survivors, steps));
  }

  addEvents(id: string, events: StoredEvent[]): void {
    this.#write((store) => store.addEvents(id, events));
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

  /** The deadline as it stands now (`corral set` may have moved it); undefined when the store does not say. */
  deadlineBootMs(id: string): number | null | undefined {
    const job = this.#attempt(HURRIED_WAIT_MS, (store) => store.get(id));
    return job?.phase.state === "running" ? job.phase.run.deadlineBootMs : undefined;
  }

  #write<T>(act: Act<T>, lastChance = false): T | undefined {
    const waitMs = this.#pending.length === 0 || lastChance ? BUSY_TIMEOUT_MS : HURRIED_WAIT_MS;
    return this.#attempt(waitMs, act, (error) => {
      this.#pending.push(act);
      this.#say(error);
    });
  }

  #attempt<T>(waitMs: number, act: Act<T>, onFailure: (error: unknown) => void = () => {}): T | undefined {
    if (this.store === null) return undefined;
    try {
      this.store.waitAtMost(waitMs);
      while (this.#pending.length > 0) {
        this.#pending[0]!(this.store);
        this.#pending.shift();
      }
      return act(this.store);
    } catch (error) {
      onFailure(error);
      return undefined;
    }
  }

  #say(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.warn(
      `warning: the record of this job is incomplete: ${errorText(error)}`,
    );
  }
}
