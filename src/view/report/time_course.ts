/** Use over time: what the jobs that started in each hour, day or month come to. Pure. */
import { localHour } from "../../value/local_time.ts";

/** What of one job goes into it. */
export interface TimedJob {
  startedMs: number;
  outcome: "live" | "well" | "failed";
  cpuUsageUsec: number | null;
  memoryPeakBytes: number | null;
}

/** One stretch of time. */
export interface Stretch {
  /** `2026-11-01 08`, `2026-11-01` or `2026-11`. */
  key: string;
  well: number;
  failed: number;
  live: number;
  /** Of the jobs of which it is known; null when it is known of none. */
  cpuUsageUsec: number | null;
  cpuUnknown: number;
  memoryPeakBytes: number | null;
}

const QUARTER_MS = 900_000;
const HOUR_MS = 3_600_000;
const MAX_HOURS = 72;
const MAX_DAYS = 400;
/** How much of `2026-11-01 08` names the stretch. */
const UNIT_CHARACTERS = { hour: 13, day: 10, month: 7 } as const;

/** One after the other without a gap, from the first start to the last; hours, days or months, whatever is not too many. */
export function timeCourse(jobs: Iterable<TimedJob>): Stretch[] {
  const hours = new Map<string, Stretch>();
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for (const job of jobs) {
    firstMs = Math.min(firstMs, job.startedMs);
    lastMs = Math.max(lastMs, job.startedMs);
    const key = localHour(job.startedMs);
    let hour = hours.get(key);
    if (hour === undefined) hours.set(key, hour = nothing(key));
    addJob(hour, job);
  }
  if (hours.size === 0) return [];
  const characters = UNIT_CHARACTERS[unitFor((lastMs - firstMs) / HOUR_MS)];
  const stretches = new Map(keysBetween(firstMs, lastMs, characters).map((key) => [key, nothing(key)]));
  for (const hour of hours.values()) addStretch(stretches.get(hour.key.slice(0, characters))!, hour);
  return [...stretches.values()];
}

function unitFor(spanHours: number): keyof typeof UNIT_CHARACTERS {
  if (spanHours < MAX_HOURS) return "hour";
  return spanHours < MAX_DAYS * 24 ? "day" : "month";
}

/** In steps of a quarter: where the clocks jump, hours may have only a part of theirs; one that comes twice is one. */
function keysBetween(firstMs: number, lastMs: number, characters: number): string[] {
  const keys = new Set<string>();
  for (let ms = firstMs; ms < lastMs; ms += QUARTER_MS) keys.add(localHour(ms).slice(0, characters));
  keys.add(localHour(lastMs).slice(0, characters));
  return [...keys];
}

function nothing(key: string): Stretch {
  return { key, well: 0, failed: 0, live: 0, cpuUsageUsec: null, cpuUnknown: 0, memoryPeakBytes: null };
}

function addJob(stretch: Stretch, { outcome, cpuUsageUsec, memoryPeakBytes }: TimedJob): void {
  stretch[outcome]++;
  if (cpuUsageUsec === null) stretch.cpuUnknown++;
  addFigures(stretch, { cpuUsageUsec, memoryPeakBytes });
}

function addStretch(stretch: Stretch, part: Stretch): void {
  for (const outcome of ["well", "failed", "live"] as const) stretch[outcome] += part[outcome];
  stretch.cpuUnknown += part.cpuUnknown;
  addFigures(stretch, part);
}

function addFigures(
  stretch: Stretch,
  { cpuUsageUsec, memoryPeakBytes }: Pick<Stretch, "cpuUsageUsec" | "memoryPeakBytes">,
): void {
  if (cpuUsageUsec !== null) stretch.cpuUsageUsec = (stretch.cpuUsageUsec ?? 0) + cpuUsageUsec;
  if (memoryPeakBytes !== null) {
    stretch.memoryPeakBytes = Math.max(stretch.memoryPeakBytes ?? 0, memoryPeakBytes);
  }
}
