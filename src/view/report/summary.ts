/** What all rows of a report come to. Pure. */
import type { Group } from "./group.ts";
import type { Value } from "../shown_column.ts";
import type { Stretch } from "./time_course.ts";
import { formatCpuTime, MISSING } from "../../value/units.ts";

/** Sums over jobs. */
export interface Totals {
  jobs: number;
  live: number;
  failed: number;
  /** Commands that could not be started: no jobs. */
  neverStarted: number;
  /** Of the jobs of which it is known. */
  cpuUsageUsec: number;
  cpuUnknown: number;
}

/** Nothing yet. */
export function noTotals(): Totals {
  return { jobs: 0, live: 0, failed: 0, neverStarted: 0, cpuUsageUsec: 0, cpuUnknown: 0 };
}

/** The rows as they are; each is counted as it passes. After its `columnCount` values it has: failed, live, CPU time, and whether it never started. */
export function* counted(
  rows: Iterable<readonly Value[]>,
  columnCount: number,
  totals: Totals,
): Generator<readonly Value[]> {
  for (const row of rows) {
    const cpuUsageUsec = row[columnCount + 2] ?? null;
    if (row[columnCount + 3] === 1) {
      totals.neverStarted++;
      yield row;
      continue;
    }
    totals.jobs++;
    totals.failed += Number(row[columnCount]);
    totals.live += Number(row[columnCount + 1]);
    if (cpuUsageUsec === null) totals.cpuUnknown++;
    else totals.cpuUsageUsec += Number(cpuUsageUsec);
    yield row;
  }
}

/** Over the jobs of all groups. */
export function totalsOf(groups: readonly Group[]): Totals {
  const totals = noTotals();
  for (const { count, live, failed, neverStarted, cpuTotalUsec, cpuKnown } of groups) {
    totals.jobs += count;
    totals.neverStarted += neverStarted;
    totals.live += live;
    totals.failed += failed;
    totals.cpuUsageUsec += cpuTotalUsec ?? 0;
    totals.cpuUnknown += count - cpuKnown;
  }
  return totals;
}

/** Over all stretches of time. */
export function totalsOfCourse(course: readonly Stretch[]): Totals {
  const totals = noTotals();
  for (const { well, failed, live, cpuUsageUsec, cpuUnknown } of course) {
    totals.jobs += well + failed + live;
    totals.live += live;
    totals.failed += failed;
    totals.cpuUsageUsec += cpuUsageUsec ?? 0;
    totals.cpuUnknown += cpuUnknown;
  }
  return totals;
}

/** `4h12m (not known of 1)`, or `-` when it is known of none. */
export function cpuTotal({ jobs, cpuUsageUsec, cpuUnknown }: Totals): string {
  if (cpuUnknown === jobs) return MISSING;
  return formatCpuTime(cpuUsageUsec) + (cpuUnknown === 0 ? "" : ` (not known of ${cpuUnknown})`);
}

/** `total: 12 jobs (1 live), 3 failed, CPU time 4h12m (not known of 1)`. */
export function totalsLine(totals: Totals): string {
  const { jobs, live, failed, neverStarted } = totals;
  const liveOnes = live === 0 ? "" : ` (${live} live)`;
  return `total: ${jobs} ${jobs === 1 ? "job" : "jobs"}${liveOnes}, ${failed} failed, CPU time ${
    cpuTotal(totals)
  }${neverStarted === 0 ? "" : `; never started: ${neverStarted}`}`;
}
