/** Limits that running processes have passed before they are taken. Pure. */
import type { ProcStat } from "../../linux/proc.ts";
import type { Limits } from "../../job/job.ts";
import { formatBytes } from "../../value/size.ts";

/**
 * Why such limits are hardly what is meant; null when there is room. The kernel leaves what a process has allocated where it was charged
 * (cgroup-v2.rst, "Memory Ownership"): a limit below that would allow as much again. And with more tasks than `--pids`, none could fork.
 */
export function whyTooSmall(
  { memoryMaxBytes, pidsMax }: Limits,
  processes: readonly ProcStat[],
  pageBytes: number,
): string | null {
  const sum = (figure: (stat: ProcStat) => number) =>
    processes.reduce((total, stat) => total + figure(stat), 0);
  const residentBytes = sum(({ residentPages }) => residentPages) * pageBytes;
  if (memoryMaxBytes !== null && residentBytes > memoryMaxBytes) {
    return `--memory ${formatBytes(memoryMaxBytes)}: the processes hold ${
      formatBytes(residentBytes)
    } already, and the limit counts only what they allocate from now on`;
  }
  const tasks = sum(({ threads }) => threads);
  if (pidsMax !== null && tasks > pidsMax) {
    return `--pids ${pidsMax}: there are ${tasks} processes and threads already, and none of them could fork`;
  }
  return null;
}
