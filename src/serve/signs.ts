/** Signs of life of a job: when it last did something that can be seen from outside. Pure. */
import { formatDuration } from "../value/duration.ts";
import type { JobDetail, JobSample } from "./feed.ts";
import type { OutputTail } from "./output_tail.ts";

/** What is seen of the job. */
export interface SignInput {
  samples: readonly JobSample[];
  output: OutputTail | null;
  nowMs: number;
}

type Sign = JobDetail["signs"][number];

/** Less is what a process does that only waits. */
const CPU_CORES = 0.01;
/** So long without one is worth a look. */
const QUIET_MS = 600_000;

/** What is not known is left out. A job that only waits for the network looks like one that hangs. */
export function signsOf({ samples, output, nowMs }: SignInput): Sign[] {
  return [
    ...sign("cpu", "CPU", {
      lastMs: lastOf(samples, (one) => one.cpuCores, CPU_CORES),
      isKnown: samples.some((one) => one.cpuCores !== null),
      nowMs,
    }),
    ...sign("io", "reads and writes", {
      lastMs: lastOf(samples, (one) => sumOf(one.readBytesPerSec, one.writtenBytesPerSec), 0),
      isKnown: samples.some((one) => one.readBytesPerSec !== null),
      nowMs,
    }),
    ...sign("output", "output", {
      lastMs: output?.writtenMs ?? null,
      isKnown: output !== null && output.writtenMs !== null,
      nowMs,
    }),
  ];
}

function sign(
  key: Sign["key"],
  what: string,
  { lastMs, isKnown, nowMs }: { lastMs: number | null; isKnown: boolean; nowMs: number },
): Sign[] {
  if (!isKnown) return [];
  const isQuiet = lastMs === null || nowMs - lastMs >= QUIET_MS;
  const text = lastMs === null
    ? `no ${what} seen since it is watched`
    : `last ${what} ${formatDuration(Math.max(0, nowMs - lastMs))} ago`;
  return [{ key, lastMs, dueMs: null, verdict: isQuiet ? "quiet" : "well", text }];
}

function lastOf(
  samples: readonly JobSample[],
  read: (sample: JobSample) => number | null,
  above: number,
): number | null {
  return samples.findLast((sample) => (read(sample) ?? 0) > above)?.atMs ?? null;
}

function sumOf(one: number | null, other: number | null): number | null {
  return one === null && other === null ? null : (one ?? 0) + (other ?? 0);
}
