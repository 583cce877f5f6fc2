/**
 * The store as the enforcing code sees it: every call may fail (full disk, lock, damage) and none stops the enforcement.
 * The first failure is said on stderr; what was lost is said at the end.
 */
import { renderError } from "../errors.ts";
import type { EndReason, JobSpec, RunningFacts, Survivor } from "../job/job.ts";
import type { Ending, JobStore, StoredEvent } from "../store/jobs.ts";

/** How long a kill waits for another process's write to the store before it goes ahead unrecorded. */
const CLAIM_WAIT_MS = 250;

/** A store that may be missing or fail. */
export class Ledger {
  #warned = false;
  /** The job whose first row could not be written: tried again with whatever comes next. */
  #missing: JobSpec | null = null;

  /** @param store null when it could not be opened, which the caller has said */
  constructor(readonly store: JobStore | null, readonly warn: (line: string) => void) {
    this.#warned = store === null;
  }

  insert(spec: JobSpec): void {
    this.#missing = spec;
    // Writing what is missing is the first thing that #try does.
    this.#try(() => {});
  }

  isTaken(id: string): boolean {
    return this.#try((store) => store.isTaken(id)) ?? false;
  }

  markRunning(id: string, facts: RunningFacts): void {
    this.#try((store) => store.markRunning(id, facts));
  }

  /** The reason that holds: the first one claimed. With a store that does not answer, one's own. */
  claimEnding(id: string, reason: EndReason, atMs: number): EndReason {
    return this.#try((store) => store.claimEnding(id, reason, { atMs, waitMs: CLAIM_WAIT_MS })) ?? reason;
  }

  /** False when somebody else had recorded the end before. */
  markEnded(id: string, ending: Ending, steps: StoredEvent[]): boolean {
    return this.#try((store) => store.markEnded(id, ending, steps)) ?? true;
  }

  setSurvivors(id: string, survivors: Survivor[], steps: StoredEvent[]): void {
    this.#try((store) => store.setSurvivors(id, survivors, steps));
  }

  addEvents(id: string, events: StoredEvent[]): void {
    this.#try((store) => store.addEvents(id, events));
  }

  /** The deadline as it stands now (`corral set` may have moved it); undefined when the store does not say. */
  deadlineBootMs(id: string): number | null | undefined {
    const job = this.#try((store) => store.get(id));
    return job?.phase.state === "running" ? job.phase.run.deadlineBootMs : undefined;
  }

  #try<T>(act: (store: JobStore) => T): T | undefined {
    if (this.store === null) return undefined;
    try {
      if (this.#missing !== null) this.store.insert(this.#missing);
      this.#missing = null;
      return act(this.store);
    } catch (error) {
      // Who waited once in vain does not wait again: a launch or an ending must not take longer for it.
      this.store.hurry(CLAIM_WAIT_MS);
      if (!this.#warned) {
        this.warn(
          `warning: the record of this job is incomplete: ${renderError(error).replace(/^corral: /, "")}`,
        );
      }
      this.#warned = true;
      return undefined;
    }
  }
}
