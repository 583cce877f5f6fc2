/**
 * What a guard has corral do when its job's supervisor is gone or hangs: for this one job what a sweep would, at once. A sweep, `corral
 * kill` and this may be at it at the same time; claims in the store keep them apart, as they do for two sweeps.
 */
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Node } from "../../observe/node.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { CgroupGoneError } from "../../base/errors.ts";
import { type Action, decide } from "../../job/decide.ts";
import type { Observation } from "../../job/observation.ts";
import type { Job } from "../../job/job.ts";
import { latenessOf } from "../../job/time_limits.ts";
import type { JobStore } from "../../store/jobs.ts";
import { observeJob } from "../../observe/job.ts";
import { carryOut, isAct } from "./carry_out.ts";

/** How often a job is looked at that is left to go on (`on-orphan = keep`), or that another process is ending. */
const LOOK_MS = 500;
/** From the end of its socket to the end of the supervisor itself: the kernel closes its files first. */
const DYING_CAP_MS = 10_000;
const DYING_LOOK_MS = 10;

/** At a job whose cgroup vanishes each time. */
const LOOKS = 3;

/** What the guard saw: its supervisor is gone, or is there and should long have ended the job. */
export type GuardSaw = "gone" | "hung";

/** A job's health, looked after by this process (act/health/). */
export interface HealthFollowed {
  readonly unhealthy: Observation["unhealthy"];
  stop(): Promise<void>;
}

/** How to look after it. */
export interface UnsupervisedOptions {
  saw: GuardSaw;
  onOrphan: Observation["onOrphan"];
  /** Begins to look after the health of a job that goes on without its supervisor. */
  followHealth?: (job: Job, seen: Observation) => HealthFollowed | null;
}

/** What became of it. `supervised`: the supervisor lives and is not late. `unknown`: no record tells how to end it. */
export type UnsupervisedResult = "over" | "supervised" | "unknown";

/** Resolves when the job is over and recorded, or need not be ended. Throws CorralError, StoreError. */
export async function endUnsupervised(
  node: Node & Diagnostics,
  store: JobStore,
  id: string,
  options: UnsupervisedOptions,
): Promise<UnsupervisedResult> {
  if (options.saw === "gone") await untilDead(node, store, id);
  let health: HealthFollowed | null = null;
  for (let looks = 1;;) {
    const job = store.get(id);
    if (job === null) return "unknown";
    if (isDone(node, job)) return "over";
    const { action, seen } = look(node, store, job, { ...options, unhealthy: health?.unhealthy ?? null });
    if (action.do === "report") return "over";
    if (isAct(action)) {
      crashPoint("guard: decided");
      await health?.stop();
      try {
        await carryOut(node, store, job, { action, seen, actor: "guard" });
      } catch (error) {
        // The end of an outer job, or another ender of this one, was quicker: it is looked at again.
        if (!(error instanceof CgroupGoneError) || looks++ === LOOKS) throw error;
      }
    } else if (seen.supervisor === "alive" && job.phase.state === "running") return "supervised";
    else {
      health ??= options.followHealth?.(job, seen) ?? null;
      await node.pause(LOOK_MS);
    }
  }
}

/** A supervisor that is stopped, frozen or starved past deadline and grace acts no more than one that is gone. */
function look(
  node: Node,
  store: JobStore,
  job: Job,
  { saw, onOrphan, unhealthy }: UnsupervisedOptions & Pick<Observation, "unhealthy">,
): { action: Action; seen: Observation } {
  const seen = observeJob(node, job, { onOrphan, unhealthy, recorded: store });
  const run = job.phase.state === "running" ? job.phase.run : null;
  const lateMs = run === null ? -Infinity : latenessOf(job.spec, run, seen).lateMs;
  const hangs = saw === "hung" && seen.supervisor === "alive" && lateMs >= job.spec.graceMs;
  const judged: Observation = hangs ? { ...seen, supervisor: "gone" } : seen;
  return { action: decide(job, judged), seen: judged };
}

function isDone(node: Node, job: Job): boolean {
  if (job.phase.state !== "ended") return false;
  return job.phase.survivors.length > 0 || !isAct(decide(job, observeJob(node, job)));
}

async function untilDead(node: Node, store: JobStore, id: string): Promise<void> {
  const supervisor = store.get(id)?.watch?.supervisor;
  if (supervisor === undefined) return;
  for (let waitedMs = 0; waitedMs < DYING_CAP_MS; waitedMs += DYING_LOOK_MS) {
    if (!node.procs.isAlive(supervisor, node.clock.bootId())) return;
    await node.pause(DYING_LOOK_MS);
  }
}
