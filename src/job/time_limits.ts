/** The limits of time of a running job, wall-clock and CPU, held against what was seen of it. Pure. */
import type { JobSpec, RunningFacts } from "./job.ts";

/** The CPU time of the whole job so far, and the cores that it can use at most. */
export interface CpuTimeSeen {
  usedUsec: number;
  cores: number;
}

/** The limit that was, or can be, reached first. */
export interface Lateness {
  reason: "timeout" | "cpu-time";
  /** How long ago it was reached, of CPU time at least; negative: in how long it can be at the earliest. -Infinity without a limit. */
  lateMs: number;
}

/** A job that can reach its CPU limit any moment is looked at so often: it uses no more beyond it than that on each of its cores. */
const CPU_LOOK_MS = 100;

/** How late the job is. Cores that idle or are shared only make it reach its CPU limit later. */
export function latenessOf(
  { cpuTimeMs }: Pick<JobSpec, "cpuTimeMs">,
  { deadlineBootMs }: Pick<RunningFacts, "deadlineBootMs">,
  { bootMs, cpuTime }: { bootMs: number; cpuTime: CpuTimeSeen | null },
): Lateness {
  const wallMs = deadlineBootMs === null ? -Infinity : bootMs - deadlineBootMs;
  const cpuMs = cpuTimeMs === null || cpuTime === null ? -Infinity : cpuLateMs(cpuTimeMs, cpuTime);
  return cpuMs > wallMs ? { reason: "cpu-time", lateMs: cpuMs } : { reason: "timeout", lateMs: wallMs };
}

function cpuLateMs(limitMs: number, { usedUsec, cores }: CpuTimeSeen): number {
  const lateMs = Math.floor((usedUsec / 1000 - limitMs) / cores);
  return lateMs >= 0 ? lateMs : Math.min(lateMs, -CPU_LOOK_MS);
}
