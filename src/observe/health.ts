/** What makes a node unfit for more jobs, as far as root itself sees it: no user's word is asked. */
import type { Diagnostics } from "../base/diagnostics.ts";
import { errorText } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import type { JobStore } from "../store/jobs.ts";
import { observeJob } from "./job.ts";
import type { Node } from "./node.ts";

/** One line each; none for a node that is well. */
export function illnesses(node: Node & Diagnostics, store: JobStore): string[] {
  return [...withoutBackend(node), ...unkillable(node, store)];
}

function withoutBackend(node: Node): string[] {
  try {
    node.backend("auto");
    return [];
  } catch (error) {
    return [errorText(error)];
  }
}

function unkillable(node: Node & Diagnostics, store: JobStore): string[] {
  const isLeft = (job: Job) =>
    job.phase.state === "ended" && job.phase.survivors.length > 0 &&
    observeJob(node, job).cgroup === "populated";
  const ids = store.live(() => {}).filter(isLeft).map(({ spec }) => spec.id);
  return ids.length === 0 ? [] : [`processes cannot be killed: job ${ids.join(", ")}`];
}
