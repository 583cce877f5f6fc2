/** GPUs that jobs hold, and that processes hold which a job has left behind. */
import { jobOfCgroup } from "../job/names.ts";
import type { GpuHolder, Job } from "../job/job.ts";
import { byNumber, type GpuLook } from "../linux/gpu.ts";
import { markerOf } from "../linux/processes.ts";
import { canComeFrom } from "./escapees.ts";
import type { Node } from "./node.ts";

/** What a look needs of the node. */
export type GpuSource = Pick<Node, "procs" | "clock" | "gpus">;

/** The GPUs that any of the processes holds, each once. */
export async function gpusHeldBy(look: GpuLook | null, pids: readonly number[]): Promise<string[]> {
  if (look === null) return [];
  const held = await Promise.all(pids.map((pid) => look.heldBy(pid)));
  return [...new Set(held.flat())].toSorted(byNumber);
}

/**
 * Processes that hold a GPU and are of this job: in its cgroup, or with its mark outside of any job's. The mark is a hint (escapees.ts),
 * and good enough to be told. Null where the node has no GPU.
 */
export async function gpuHoldersOf(
  { procs, clock, gpus }: GpuSource,
  job: Job,
): Promise<GpuHolder[] | null> {
  const look = gpus();
  if (look === null) return null;
  const { id } = job.spec;
  const holderAt = async (pid: number): Promise<GpuHolder[]> => {
    const stat = procs.statIfShown(pid);
    if (stat === null || stat.kernelThread || !canComeFrom(job, stat, { procs, clock })) return [];
    const inside = jobOfCgroup(procs.cgroupPathIfShown(pid));
    if (inside !== null && inside !== id) return [];
    const held = await look.heldBy(pid);
    const isOfJob = held.length > 0 && (inside === id || await markerOf(procs, pid) === id);
    return isOfJob ? [{ pid, name: stat.name, gpus: held }] : [];
  };
  return (await Promise.all(procs.pids().map(holderAt))).flat();
}
