/** The CPU time of a job, for its limit (`--cpu-time`). */
import { parseCpuMax } from "../cgroup/parse.ts";
import { type Readable, readCpuUsageUsec } from "../cgroup/usage.ts";
import type { JobSpec } from "../job/job.ts";
import type { CpuTimeSeen } from "../job/time_limits.ts";
import { onlineCpus } from "../linux/node_facts.ts";

/** cpu.stat has the usage of the whole tree also where there is no cpu controller. Null without a limit, or without the file. Throws CgroupError, ParseError. */
export function readCpuTime(
  spec: Pick<JobSpec, "cpuTimeMs"> | undefined,
  file: Readable,
  procRoot: string,
): CpuTimeSeen | null {
  if ((spec?.cpuTimeMs ?? null) === null) return null;
  const usedUsec = readCpuUsageUsec(file);
  return usedUsec === null ? null : { usedUsec, cores: usableCores(file, procRoot) };
}

/** The most that it can use at once. The affinity of its processes does not count: a job may change that. */
function usableCores(file: Readable, procRoot: string): number {
  const online = onlineCpus(procRoot) ?? 1;
  const text = file.read("cpu.max");
  if (text === null) return online;
  const { quotaUsec, periodUsec } = parseCpuMax(text, file.locate("cpu.max"));
  return quotaUsec === null ? online : Math.min(online, quotaUsec / periodUsec);
}
