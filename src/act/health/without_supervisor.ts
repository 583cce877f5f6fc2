/**
 * The health of a job whose supervisor is gone and which goes on (`on-orphan = keep`): its guard looks after it, or else each sweep. So does
 * each sweep where the supervisor is stopped or frozen.
 */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { lookEveryMs } from "../../health/judge.ts";
import type { Check } from "../../job/health.ts";
import { type Job, runningFacts } from "../../job/job.ts";
import type { Observation } from "../../job/observation.ts";
import type { Node } from "../../observe/node.ts";
import { heldUpLook } from "../../observe/held_up.ts";
import { Ledger } from "../../store/ledger.ts";
import type { JobStore } from "../../store/jobs.ts";
import { type Enforcement, enforcementOn } from "../end/end_job.ts";
import { HealthWatch, SAVE_EVERY_MS } from "./health_watch.ts";

/** Of a job that runs, with checks; null for any other. Throws CgroupError. */
function healthWatchFor(node: Node, job: Job, on: Enforcement): HealthWatch | null {
  const run = runningFacts(job);
  if (job.spec.health === undefined || run === null || job.phase.state !== "running") return null;
  const cgroup = node.cgroups().own(run.cgroup, job.spec.id);
  return new HealthWatch(
    { spec: job.spec, run, cgroup, backend: node.backendOf(job) },
    on,
    job.health ?? null,
  );
}

/** Looked after by this process from now on, when its own supervisor is gone and it goes on; null for any other. Throws CgroupError. */
export function followHealth(
  node: Node & Diagnostics,
  store: JobStore,
  { job, seen }: { job: Job; seen: Observation },
): HealthWatch | null {
  if (seen.supervisor !== "gone" || seen.cgroup !== "populated") return null;
  const warn = (line: string) => node.say(line);
  const ledger = new Ledger(store, warn);
  const watch = healthWatchFor(node, job, enforcementOn(node, { ledger, actor: "guard", warn }));
  watch?.follow(() => {});
  return watch;
}

/** One look by a sweep, where no other process looks; the check for which the job is to be ended. Throws CgroupError. */
export async function sweepHealth(
  node: Node,
  job: Job,
  { seen, on }: { seen: Observation; on: Enforcement },
): Promise<Check | null> {
  const isLeft = seen.supervisor === "gone" ? seen.onOrphan === "keep" : isHeldUp(node, job, seen);
  if (seen.vantage !== "here" || !isLeft || !seen.sameBoot || seen.cgroup !== "populated") return null;
  const watch = healthWatchFor(node, job, on);
  if (watch === null || !isStale(job, seen.bootMs)) return watch?.unhealthy ?? null;
  await watch.look();
  await watch.ask();
  return watch.unhealthy;
}

/** A supervisor that is stopped or frozen sees nothing of its job, for as long as that lasts. */
function isHeldUp(node: Node, { watch }: Job, { supervisor }: Observation): boolean {
  return supervisor === "alive" && watch !== null && heldUpLook(node)(watch.supervisor.pid) !== null;
}

function isStale({ spec, health }: Job, bootMs: number): boolean {
  if (health === undefined) return true;
  const everyMs = Math.max(lookEveryMs(spec.health!), spec.health!.command?.everyMs ?? 0, SAVE_EVERY_MS);
  return bootMs - Math.max(health.atBootMs, health.command.atBootMs) > 2 * everyMs;
}
