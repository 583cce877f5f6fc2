/**
 * Looks after the health of one job while it lives: looks at its signs, runs its health command, records what changes, and tells the loop
 * around decide() of a verdict. Nothing here throws, and nothing holds up that loop: a look that fails says nothing about the job.
 */
import { MAX_TIMER_MS } from "../../base/poll.ts";
import { afterAnswer, afterLook, firstState, lookEveryMs } from "../../health/judge.ts";
import { type HealthEvent, healthEvents, unhealthyWords } from "../../health/words.ts";
import { type Check, type HealthSpec, type HealthState, unhealthyIn } from "../../job/health.ts";
import type { StoredEvent } from "../../job/events.ts";
import { idleEntry } from "../../job/journal_entry.ts";
import { FileMarks } from "../../observe/file_marks.ts";
import { lookAtSigns } from "../../observe/signs_of_life.ts";
import type { Enforcement } from "../end/end_job.ts";
import { askHealthCommand } from "./health_command.ts";
import type { HealthWatched } from "./watched.ts";

/** What nothing has happened to is saved so often. */
export const SAVE_EVERY_MS = 60_000;

type StoredEvents = Omit<StoredEvent, "actor">[];

/** The health of one job, from its first look on. */
export class HealthWatch {
  #state: HealthState | null;
  readonly #files = new FileMarks();
  #savedBootMs = -Infinity;
  #look: number | undefined;
  #ask: number | undefined;
  #asking: Promise<void> = Promise.resolve();
  /** What the store has not taken. */
  #unsaved: StoredEvents = [];
  readonly #stopped = new AbortController();
  #onVerdict = () => {};

  /** @param before what was recorded of a job whose supervisor is gone */
  constructor(readonly job: HealthWatched, readonly on: Enforcement, before: HealthState | null = null) {
    this.#state = before;
  }

  get #spec(): HealthSpec | undefined {
    return this.job.spec.health;
  }

  /** The check for which the job is to be ended. */
  get unhealthy(): Check | null {
    return this.#spec === undefined || this.#state === null ? null : unhealthyIn(this.#spec, this.#state);
  }

  /** Looks from now on, and calls `onVerdict` once the job is to be ended. Keeps no process alive. */
  follow(onVerdict: () => void): void {
    this.#onVerdict = onVerdict;
    this.#arm();
  }

  /** The checks are others from now on (`corral set`): what was counted for them begins anew. */
  use(spec: HealthSpec | null): void {
    if (JSON.stringify(spec) === JSON.stringify(this.#spec ?? null)) return;
    if (spec === null) delete this.job.spec.health;
    else this.job.spec.health = spec;
    this.#state = null;
    this.#arm();
  }

  /** One look. What it finds is known and recorded when this resolves. */
  async look(): Promise<void> {
    const spec = this.#spec;
    if (spec === undefined) return;
    const { run: { startedBootMs } } = this.job;
    try {
      const look = await lookAtSigns(this.on, { ...this.job, files: this.#files }, spec);
      if (this.#spec !== spec || this.#stopped.signal.aborted) return;
      const before = this.#state;
      this.#become(before === null ? firstState(look) : afterLook(spec, before, { look, startedBootMs }));
    } catch {
      // Its cgroup is gone, or a file of it cannot be read: the next look may know more.
    }
  }

  /** Asks the health command once. A frozen job cannot answer for itself, and is not asked for. */
  async ask(): Promise<void> {
    const spec = this.#spec;
    if (spec?.command === undefined || this.#state === null || this.#state.frozen) return;
    const answer = await askHealthCommand(this.on, this.job, { spec, stop: this.#stopped.signal });
    if (this.#spec !== spec || this.#stopped.signal.aborted) return;
    this.#become(afterAnswer(this.#state, { ...answer, bootMs: this.on.clock.bootMs() }));
  }

  /** Resolves when the health command, if it runs, is ended. A look that still waits for a file system is left alone. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#disarm();
    await this.#asking;
  }

  #arm(): void {
    this.#disarm();
    const spec = this.#spec;
    if (spec === undefined || this.#stopped.signal.aborted) return;
    if (this.#state === null) void this.look();
    this.#look = this.#again(() => this.look(), lookEveryMs(spec));
    if (spec.command === undefined) return;
    this.#ask = this.#again(() => this.#asking = this.ask(), spec.command.everyMs);
  }

  /** Never two at once: one that takes long is not begun again. */
  #again(act: () => Promise<void>, everyMs: number): number {
    let isGoingOn = false;
    const timer = setInterval(() => {
      if (isGoingOn) return;
      isGoingOn = true;
      act().finally(() => isGoingOn = false);
    }, Math.min(everyMs, MAX_TIMER_MS));
    Deno.unrefTimer(timer);
    return timer;
  }

  #disarm(): void {
    clearInterval(this.#look);
    clearInterval(this.#ask);
  }

  #become(state: HealthState): void {
    const spec = this.#spec!;
    const before = this.#state;
    const events = before === null ? [] : healthEvents(spec, before, state);
    this.#state = state;
    this.#save(state, { events, isNews: before?.command.last !== state.command.last });
    for (const event of events) this.#tell(spec, state, event);
    if (unhealthyIn(spec, state) !== null) this.#onVerdict();
  }

  #save(
    state: HealthState,
    { events, isNews }: { events: readonly HealthEvent[]; isNews: boolean },
  ): void {
    const isDue = isNews || state.atBootMs - this.#savedBootMs >= SAVE_EVERY_MS;
    const atMs = this.on.clock.wallMs();
    this.#unsaved.push(...events.map((event) => ({ atMs, ...event })));
    if (this.#unsaved.length === 0 && !isDue) return;
    if (!this.on.ledger.saveHealth(this.job.spec.id, state, this.#unsaved)) return;
    this.#savedBootMs = state.atBootMs;
    this.#unsaved = [];
  }

  /** What ends the job is said, and idleness where nothing follows from it. */
  #tell(spec: HealthSpec, state: HealthState, { kind, detail }: HealthEvent): void {
    const { id } = this.job.spec;
    if (kind === "unhealthy") {
      this.on.warn(`job ${id} is unhealthy: ${unhealthyWords(detail["check"] as Check, spec, state)}`);
    }
    if (kind !== "idle" || detail["whole"] !== true || spec.idle?.action !== "report") return;
    const entry = idleEntry(this.job.spec, String(detail["for"]));
    this.on.journal(entry);
    this.on.warn(entry["MESSAGE"]!);
  }
}
