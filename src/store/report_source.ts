/** What a report is made of, read from the store as it is taken. */
import { type Group, groupsOf, type Member } from "../report/group.ts";
import type { GroupKey } from "../report/group_columns.ts";
import type { ReportedJob } from "../report/jsonl.ts";
import { localDay } from "../report/local_time.ts";
import type { Family } from "../report/openmetrics.ts";
import { type Metric, REPORT_COLUMNS, type ReportColumn } from "../report/report_columns.ts";
import type { Value } from "../report/shown_column.ts";
import { type Stretch, timeCourse } from "../report/time_course.ts";
import type { JobStore } from "./jobs.ts";
import { jobRows, members, metricRows, type ReportFilter, type RowOrder, wholeJobs } from "./report_query.ts";
import { jobFromRow, type JobRow } from "./rows.ts";

/** The jobs of one filter. Everything may throw StoreError. */
export class ReportSource {
  constructor(readonly store: JobStore, readonly filter: ReportFilter) {}

  /** Rows of values, followed by what `counted` of summary.ts reads. */
  rows(columns: readonly ReportColumn[], order: RowOrder): Iterable<readonly Value[]> {
    return this.store.rows<Value[]>(jobRows(columns, this.filter, order));
  }

  *jobs(order: RowOrder): Generator<ReportedJob> {
    for (const row of this.store.rows<JobRow>(wholeJobs(this.filter, order))) {
      yield {
        job: jobFromRow(row, this.store.path),
        cpuPercent: row["cpu_percent"] as number | null,
        memoryPercent: row["memory_percent"] as number | null,
      };
    }
  }

  groups(by: GroupKey): Group[] {
    const keyOf = by === "day" ? (key: Value) => localDay(Number(key)) : String;
    return groupsOf(this.#members(by, keyOf));
  }

  /** Use over time, by the start of the jobs. */
  course(): Stretch[] {
    return timeCourse(this.#timedMembers());
  }

  /** Gauges for each group: jobs, failed ones, and every column that has a metric. */
  families(by: Exclude<GroupKey, "day">): Family[] {
    const columns = REPORT_COLUMNS.filter(hasMetric);
    const counts = [
      { name: "", help: "Jobs", factor: 1 },
      { name: "failed", help: "Jobs that ended otherwise than by exiting with 0", factor: 1 },
    ];
    const rows = [...this.store.rows<Value[]>(metricRows(by, columns, this.filter))];
    return [...counts, ...columns.map(({ metric }) => metric)].map((metric, index) => ({
      metric,
      samples: rows.map(([label, ...figures]) => ({
        label: String(label),
        value: scaled(figures[index] ?? null, metric.factor),
      })),
    }));
  }

  *#members(by: GroupKey, keyOf: (key: Value) => string): Generator<Member> {
    for (const row of this.store.rows<MemberRow>(members(by, this.filter))) {
      const [key, isLive, hasFailed, trigger, wallMs, cpuUsageUsec, memoryPeakBytes, throttledShare] = row;
      const outcome = outcomeOf(isLive, hasFailed);
      yield { key: keyOf(key), outcome, trigger, wallMs, cpuUsageUsec, memoryPeakBytes, throttledShare };
    }
  }

  *#timedMembers() {
    for (const row of this.store.rows<MemberRow>(members("day", this.filter))) {
      const [startedMs, isLive, hasFailed, , , cpuUsageUsec, memoryPeakBytes] = row;
      yield {
        startedMs: Number(startedMs),
        outcome: outcomeOf(isLive, hasFailed),
        cpuUsageUsec,
        memoryPeakBytes,
      };
    }
  }
}

/** As `members` of report_query.ts selects it. */
type MemberRow = [
  key: Value,
  isLive: number,
  hasFailed: number,
  trigger: string | null,
  wallMs: number | null,
  cpuUsageUsec: number | null,
  memoryPeakBytes: number | null,
  throttledShare: number | null,
];

function outcomeOf(isLive: number, hasFailed: number): Member["outcome"] {
  return isLive ? "live" : hasFailed ? "failed" : "well";
}

function hasMetric(column: ReportColumn): column is ReportColumn & { metric: Metric } {
  return column.metric !== undefined;
}

/** To the microsecond; a float would add its own digits. */
function scaled(value: Value, factor: number): number | null {
  return value === null ? null : Number((Number(value) * factor).toFixed(6));
}
