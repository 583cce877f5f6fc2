/** Each limit of a job with its use and its peak, and how the limits were changed. Pure. */
import type { StoredEvent } from "../job/events.ts";
import type { Job } from "../job/job.ts";
import type { Usage } from "../job/usage.ts";
import type { JobDetail, LiveRow } from "./feed.ts";

/** Of a live job what it uses now; of an ended one `usage` alone. */
export interface LimitInput {
  usage: Usage | null;
  row: LiveRow | null;
  memoryBytes: number | null;
  wallMs: number | null;
}

type Limit = JobDetail["limits"][number];

/** In the order in which they matter: the ones that end a job first. */
export function limitRows({ spec, phase }: Job, { usage, row, memoryBytes, wallMs }: LimitInput): Limit[] {
  const { limits, timeoutMs, cpuTimeMs } = spec;
  const isEnded = phase.state === "ended";
  const cpuMs = usage?.cpuUsageUsec == null ? null : Math.round(usage.cpuUsageUsec / 1000);
  const rows: (Limit & { isAlways: boolean })[] = [
    {
      ...{ key: "memory", label: "memory", unit: "bytes", isAlways: true },
      ...{ used: memoryBytes, peak: usage?.memoryPeakBytes ?? null, limit: limits.memoryMaxBytes },
    },
    {
      ...{ key: "timeout", label: "time", unit: "ms", isAlways: true },
      ...{ used: isEnded ? usage?.wallMs ?? null : wallMs, peak: null, limit: timeoutMs },
    },
    {
      ...{ key: "cpus", label: "CPU", unit: "cores", isAlways: true },
      ...{ used: row?.cpuCores ?? meanCores(usage), peak: null, limit: limits.cpuMaxCores },
    },
    {
      ...{ key: "pids", label: "tasks", unit: "count", isAlways: true },
      ...{ used: row?.processes ?? null, peak: usage?.pidsPeak ?? null, limit: limits.pidsMax },
    },
    {
      ...{ key: "cpu-time", label: "CPU time", unit: "ms", isAlways: false },
      ...{ used: cpuMs, peak: null, limit: cpuTimeMs },
    },
    {
      ...{ key: "memory-high", label: "memory, throttled above", unit: "bytes", isAlways: false },
      ...{ used: memoryBytes, peak: usage?.memoryPeakBytes ?? null, limit: limits.memoryHighBytes },
    },
    {
      ...{ key: "swap", label: "swap", unit: "bytes", isAlways: false },
      ...{ used: null, peak: usage?.swapPeakBytes ?? null, limit: limits.swapMaxBytes },
    },
  ];
  return rows.filter(({ isAlways, limit }) => isAlways || limit !== null).map(({ isAlways: _, ...limit }) =>
    limit
  );
}

/** Of its whole life. */
function meanCores(usage: Usage | null): number | null {
  if (usage?.cpuUsageUsec == null || !usage.wallMs) return null;
  return Math.round(usage.cpuUsageUsec / usage.wallMs / 10) / 100;
}

/** What `corral set` has recorded; null lifted the limit. */
export function limitChangesOf(events: readonly StoredEvent[]): JobDetail["limitChanges"] {
  return events.filter(({ kind }) => kind === "set").flatMap(({ atMs, detail }) =>
    Object.entries(detail).flatMap(([key, value]) =>
      value === null || typeof value === "number" ? [{ atMs, key, value }] : []
    )
  );
}
