/**
 * Waits for the end of jobs, whichever process supervises them. The exit of a supervisor gives notice; once a second the records are looked
 * at all the same, for a supervisor that was killed: the guard or a sweep ends its job then. Where neither has recorded an end that is
 * plain, the wait records it, as a sweep would.
 */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { CgroupGoneError, CorralError, errorText, StoreError } from "../../base/errors.ts";
import { decide } from "../../job/decide.ts";
import type { Job } from "../../job/job.ts";
import { ProcessExits } from "../../linux/process_exits.ts";
import { observeJob } from "../../observe/job.ts";
import type { Node } from "../../observe/node.ts";
import type { Observation } from "../../job/observation.ts";
import type { JobStore } from "../../store/jobs.ts";
import { DamagedRow } from "../../store/rows.ts";
import { carryOut } from "../end/carry_out.ts";
import { jobFinding } from "../sweep/findings.ts";
import { StoreFile } from "./store_file.ts";

/** Between two looks at the records. */
const LOOK_MS = 1_000;
/** For the guard, which is at work within milliseconds, unless the node is starved. */
const GUARD_LOOKS = 5;
/** A store that is locked, or whose file system does not answer, may come back. */
const STORE_PATIENCE_MS = 60_000;

/** One job, and the store that it is recorded in. */
export interface Awaited {
  id: string;
  store: JobStore;
}

/** How to wait. */
export interface WaitOptions {
  /** For the first that ends. */
  any: boolean;
  /** Infinity: without end. */
  capMs: number;
  onOrphan: Observation["onOrphan"];
  /** Called for each, as it is seen to have ended. */
  onEnded: (job: Job) => void;
  /** Nothing is waited for any more. */
  stop?: AbortSignal;
}

/** Resolves to true when they have ended, or one has with `any`; false when the time is up. Throws StoreError, CorralError. */
export async function waitForJobs(
  node: Node & Diagnostics,
  awaited: readonly Awaited[],
  options: WaitOptions,
): Promise<boolean> {
  using wait = new Wait(node, awaited, options);
  return await wait.run();
}

class Wait implements Disposable {
  readonly #exits: ProcessExits;
  readonly #left: Map<string, Awaited>;
  readonly #files: StoreFile[];
  /** Looks at which a job had no supervisor, and was not recorded as ended. */
  readonly #abandoned = new Map<string, number>();
  /** Until when, by CLOCK_BOOTTIME, the supervisor of a job that has ended is waited for. */
  readonly #settling = new Map<string, number>();
  readonly #said = new Set<string>();
  #failingSinceMs: number | null = null;

  constructor(readonly node: Node & Diagnostics, awaited: readonly Awaited[], readonly options: WaitOptions) {
    this.#exits = new ProcessExits(node.procs, (ms) => node.pause(ms));
    this.#left = new Map(awaited.map((one) => [one.id, one]));
    this.#files = [...new Set(awaited.map(({ store }) => store))].map(({ path }) => new StoreFile(path));
  }

  async run(): Promise<boolean> {
    const { node, options: { any, capMs, stop } } = this;
    const startMs = node.clock.bootMs();
    for (;;) {
      const leftMs = startMs + capMs - node.clock.bootMs();
      const ended = await this.#lookAtAll(leftMs <= 0);
      if (this.#left.size === 0 || any && ended > 0 || stop?.aborted) return true;
      if (leftMs <= 0) return false;
      await this.#exits.next(Math.min(leftMs, LOOK_MS));
    }
  }

  /** How many have ended. `isLast`: nothing more is waited for. */
  async #lookAtAll(isLast: boolean): Promise<number> {
    try {
      for (const file of this.#files) file.refuseOther();
      const jobs = [...this.#left.values()].map((one) => this.#recorded(one));
      this.#failingSinceMs = null;
      const ended = jobs.filter((job) => job.phase.state === "ended" && (isLast || !this.#isSettling(job)))
        .sort((one, other) => endedAt(one) - endedAt(other));
      for (const job of ended) this.#end(job);
      for (const job of jobs) if (job.phase.state !== "ended") await this.#lookAt(job);
      return ended.length;
    } catch (error) {
      this.#bear(error);
      return 0;
    }
  }

  #recorded({ id, store }: Awaited): Job {
    const job = store.get(id);
    if (job === null) throw new CorralError(`job ${id} is recorded no more`);
    return job;
  }

  /** Its end has just been recorded, and its supervisor lives: output and receipt are still being written. For a look's time. */
  #isSettling({ spec: { id } }: Job): boolean {
    if (!this.#exits.has(id)) return false;
    const now = this.node.clock.bootMs();
    const untilMs = this.#settling.get(id) ?? now + LOOK_MS;
    this.#settling.set(id, untilMs);
    return now < untilMs;
  }

  #end(job: Job): void {
    this.#left.delete(job.spec.id);
    this.#exits.release(job.spec.id);
    this.options.onEnded(job);
  }

  /** A job that is not recorded as ended. */
  async #lookAt(job: Job): Promise<void> {
    const { spec: { id }, watch } = job;
    // In the queue: what starts it is no concern of this process.
    if (watch === null) return;
    const { supervisor } = watch;
    this.#exits.hold(id, supervisor, this.node.clock.bootId());
    if (this.#exits.has(id)) return;
    try {
      await this.#lookAtAbandoned(job);
    } catch (error) {
      // A cgroup that vanishes between look and act, or cannot be read: the record still tells of the end.
      if (!(error instanceof CorralError) || error instanceof StoreError) throw error;
      if (!(error instanceof CgroupGoneError)) {
        this.#sayOnce(id, `warning: job ${id}: ${errorText(error)}; the wait goes on`);
      }
    }
  }

  async #lookAtAbandoned(job: Job): Promise<void> {
    const { node } = this;
    const { id } = job.spec;
    const { store } = this.#left.get(id)!;
    const seen = observeJob(node, job, { onOrphan: this.options.onOrphan, recorded: store });
    const action = decide(job, seen);
    if (action.do === "report") {
      this.#sayOnce(id, `${jobFinding(job, action.finding).message}: its end is not seen from here`);
    }
    if (seen.supervisor === "alive" || action.do === "leave" || action.do === "wait") return;
    const looks = (this.#abandoned.get(id) ?? 0) + 1;
    this.#abandoned.set(id, looks);
    if (looks < GUARD_LOOKS) return;
    if (action.do === "collect") await carryOut(node, store, job, { action, seen, actor: "wait" });
    else if (action.do !== "report") {
      this.#sayOnce(
        id,
        `job ${id} has neither supervisor nor guard any more, and processes: corral sweep ends it`,
      );
    }
  }

  #sayOnce(id: string, line: string): void {
    if (!this.#said.has(id)) this.node.say(line);
    this.#said.add(id);
  }

  /** Throws what will not pass by itself, and any other that has lasted. */
  #bear(error: unknown): void {
    const now = this.node.clock.bootMs();
    const mayPass = error instanceof StoreError && !(error instanceof DamagedRow) && !StoreFile.isGone(error);
    this.#failingSinceMs ??= now;
    if (!mayPass || now - this.#failingSinceMs >= STORE_PATIENCE_MS) throw error;
    this.#sayOnce("store", `warning: ${errorText(error)}; the wait goes on`);
  }

  [Symbol.dispose](): void {
    this.#exits[Symbol.dispose]();
  }
}

function endedAt({ phase }: Job): number {
  return phase.state === "ended" ? phase.endedAtMs : Infinity;
}
