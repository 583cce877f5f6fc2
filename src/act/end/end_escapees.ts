/** Ends escapees: processes that carry the mark of a job and left its cgroup. */
import type { Identity } from "../../job/job.ts";
import { markerOf, type ProcessSource } from "../../linux/processes.ts";
import { type Escapee, isCorrals, isInService } from "../../observe/escapees.ts";
import { parseSignal } from "../../value/signal.ts";
import { type EndedProcess, endProcesses } from "./end_processes.ts";

/** Ends them, each looked at again right before each signal. */
export async function endEscapees(
  node: ProcessSource,
  escapees: readonly Escapee[],
  graceMs: number,
): Promise<EndedProcess[]> {
  const idOf = new Map(escapees.map(({ process, job }) => [process.pid, job.spec.id]));
  const isStill = async ({ pid }: Identity) => {
    const cgroupPath = node.procs.cgroupPathIfShown(pid);
    if (cgroupPath === null || isCorrals(cgroupPath) || isInService(cgroupPath)) return false;
    return await markerOf(node.procs, pid) === idOf.get(pid);
  };
  return await endProcesses(escapees.map(({ process }) => process), node, {
    signal: parseSignal("TERM"),
    graceMs,
    stillMeant: isStill,
  });
}
