/** The health of a job, most of which have no check: what looks after it is loaded with the first check, at the launch or by `corral set`. */
import type { Check, HealthSpec } from "../../job/health.ts";
import type { Enforcement } from "../end/end_job.ts";
import type { HealthWatch } from "./health_watch.ts";
import type { HealthWatched } from "./watched.ts";

/** What a supervisor asks of it. */
export type JobHealth = Pick<HealthWatch, "look" | "follow" | "use" | "stop" | "unhealthy">;

/** A HealthWatch that is there once it is needed. */
export class HealthOnDemand implements JobHealth {
  #watch: HealthWatch | null = null;
  #onVerdict: (() => void) | null = null;
  #isStopped = false;

  constructor(readonly job: HealthWatched, readonly on: Enforcement) {}

  get unhealthy(): Check | null {
    return this.#watch?.unhealthy ?? null;
  }

  async look(): Promise<void> {
    if (this.job.spec.health !== undefined) await (await this.#load()).look();
  }

  follow(onVerdict: () => void): void {
    this.#onVerdict = onVerdict;
    this.#watch?.follow(onVerdict);
  }

  use(spec: HealthSpec | null): void {
    if (this.#watch !== null) this.#watch.use(spec);
    else if (spec !== null) void this.#begin(spec);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#watch?.stop();
  }

  async #begin(spec: HealthSpec): Promise<void> {
    const watch = await this.#load();
    if (!this.#isStopped) watch.use(spec);
  }

  async #load(): Promise<HealthWatch> {
    const { HealthWatch } = await import("./health_watch.ts");
    if (this.#watch !== null) return this.#watch;
    this.#watch = new HealthWatch(this.job, this.on);
    if (this.#onVerdict !== null && !this.#isStopped) this.#watch.follow(this.#onVerdict);
    return this.#watch;
  }
}
