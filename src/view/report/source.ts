/** What a report is made of, read from the store as it is taken. */
import type { CsvField } from "./csv.ts";
import { type Group, groupsOf, type Member } from "./group.ts";
import type { GroupKey } from "./group_columns.ts";
import type { ReportedJob } from "./jsonl.ts";
import { localDay } from "../../value/local_time.ts";
import { type Family, gaugesOf } from "./gauges.ts";
import { CPU_PERCENT_SQL, FAILED_SQL, MEMORY_PERCENT_SQL, type ReportColumn } from "./columns.ts";
import type { Value } from "../shown_column.ts";
import { type Stretch, timeCourse } from "./time_course.ts";
import type { JobStore } from "../../store/jobs.ts";
import { GROUP_SQL, type ReportFilter, type RowOrder, valueRows } from "../../store/query.ts";
import { jobFromRow, type JobRow } from "../../store/rows.ts";

const LIVE_SQL = "state <> 'ended'";

/** The jobs of one filter. Everything may throw StoreError. */
export class ReportSource {
  constructor(readonly store: JobStore, readonly filter: ReportFilter) {}

  /** Rows of values, followed by what `counted` of summary.ts reads. */
  rows(columns: readonly ReportColumn[], order: RowOrder): Iterable<readonly Value[]> {
    const select = [...columns.map(({ sql }) => sql), FAILED_SQL, LIVE_SQL, "cpu_usage_usec"];
    return this.store.rows(valueRows(select, this.filter, order));
  }

  /** Rows of the values of these fields. */
  fields(fields: readonly CsvField[], order: RowOrder): Iterable<readonly Value[]> {
    return this.store.rows(valueRows(fields.map(({ sql }) => sql), this.filter, order));
  }

  *jobs(order: RowOrder): Generator<ReportedJob> {
    const columns = this.store.columns();
    const select = [...columns.map((column) => `jobs.${column}`), CPU_PERCENT_SQL, MEMORY_PERCENT_SQL];
    for (const values of this.store.rows<Value[]>(valueRows(select, this.filter, order))) {
      const [cpuPercent, memoryPercent] = values.slice(columns.length) as (number | null)[];
      const job = jobFromRow(rowOf(columns, values), this.store.path);
      yield { job, cpuPercent: cpuPercent ?? null, memoryPercent: memoryPercent ?? null };
    }
  }

  groups(by: GroupKey): Group[] {
    const keyOf = by === "day" ? (key: Value) => localDay(Number(key)) : String;
    return groupsOf(this.#members(by, keyOf));
  }

  /** Use over time, by the start of the jobs. */
  course(): Stretch[] {
    return timeCourse(this.#timedJobs());
  }

  /** Gauges for each group, of `columns` that have a metric. */
  gauges(by: Exclude<GroupKey, "day">, columns: readonly ReportColumn[]): Family[] {
    const select = [GROUP_SQL[by], FAILED_SQL, ...columns.map(({ sql }) => sql)];
    return gaugesOf(columns, this.store.rows(valueRows(select, this.filter)));
  }

  *#members(by: GroupKey, keyOf: (key: Value) => string): Generator<Member> {
    for (const row of this.store.rows<MemberRow>(valueRows([GROUP_SQL[by], ...MEMBER_SQL], this.filter))) {
      const [key, isLive, hasFailed, trigger, wallMs, cpuUsageUsec, memoryPeakBytes, throttledShare] = row;
      const outcome = outcomeOf(isLive, hasFailed);
      yield { key: keyOf(key), outcome, trigger, wallMs, cpuUsageUsec, memoryPeakBytes, throttledShare };
    }
  }

  *#timedJobs() {
    for (const row of this.store.rows<MemberRow>(valueRows([GROUP_SQL.day, ...MEMBER_SQL], this.filter))) {
      const [startedMs, isLive, hasFailed, , , cpuUsageUsec, memoryPeakBytes] = row;
      const outcome = outcomeOf(isLive, hasFailed);
      yield { startedMs: Number(startedMs), outcome, cpuUsageUsec, memoryPeakBytes };
    }
  }
}

function rowOf(columns: readonly string[], values: readonly Value[]): JobRow {
  const row: Record<string, Value> = {};
  for (const [index, column] of columns.entries()) row[column] = values[index] ?? null;
  return row as JobRow;
}

/** What groups are made of, after the key. */
const MEMBER_SQL = [
  LIVE_SQL,
  FAILED_SQL,
  "coalesce(trigger_reason, reason)",
  "wall_ms",
  "cpu_usage_usec",
  "memory_peak_bytes",
  "1.0 * cpu_throttled_periods / cpu_periods",
];

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
