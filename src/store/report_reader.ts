/** What a report is made of, read from the store as it is taken. */
import type { Job } from "../job/job.ts";
import type { JobStore } from "./jobs.ts";
import { type ReportFilter, type RowOrder, sourcesOf, valueRows } from "./query.ts";
import type { Usage } from "../job/usage.ts";
import { FAILED_SQL } from "./failed_sql.ts";
import {
  cpuPercentSql,
  CUT_FIGURES,
  type FieldSources,
  fieldSql,
  type GroupKey,
  groupSql,
  joinedSql,
  LIVE_SQL,
  memoryPercentSql,
  NEVER_STARTED_SQL,
  tagParameter,
} from "./report_fields.ts";
import type { Value } from "./pages.ts";
import { truncated } from "../job/truncated.ts";
import { HOST_COLUMN } from "./reported_row.ts";
import { jobFromRow, type JobRow, usageFromRow } from "./rows.ts";

/** A job, and shares that take its limits or the node to reckon; null where one of the two is unknown. */
export interface ReportedJob {
  readonly job: Job;
  readonly cpuPercent: number | null;
  readonly memoryPercent: number | null;
  /** What a live job has used so far. */
  readonly live: Usage | null;
  readonly host: string;
}

/** What of one job goes into a group of jobs, and into use over time. */
export interface GroupedJob {
  /** What it has in common with others: the name, user or reason; for a day, the start in milliseconds since the epoch. */
  key: Value;
  outcome: "live" | "well" | "failed" | "never-started";
  /** Why it was ended, also when its processes could not be killed; null for a live job. */
  trigger: string | null;
  wallMs: number | null;
  cpuUsageUsec: number | null;
  memoryPeakBytes: number | null;
  /** Of its scheduling periods, those in which its CPU quota held it back, 0..1. */
  throttledShare: number | null;
}

/** The jobs of one filter. Everything may throw StoreError. */
export class ReportReader {
  readonly #sources: FieldSources;

  constructor(readonly store: JobStore, readonly filter: ReportFilter) {
    this.#sources = sourcesOf(filter);
  }

  #sql(field: string): string {
    return fieldSql(field, this.#sources);
  }

  /** Rows of the values of these fields, followed by: whether the job failed, whether it lives, its CPU time, and whether it never started. */
  rows(fields: readonly string[], order: RowOrder): Iterable<readonly Value[]> {
    const select = [
      ...[...fields.map((field) => this.#sql(field)), FAILED_SQL, LIVE_SQL],
      this.#sql("cpuUsageUsec"),
      NEVER_STARTED_SQL,
    ];
    return this.store.rows(valueRows(select, this.filter, order));
  }

  /** Rows of the values of these fields; of several names, one text with commas in it. */
  texts(fields: readonly (string | readonly string[])[], order: RowOrder): Iterable<readonly Value[]> {
    const select = fields.map((one) =>
      typeof one === "string" ? this.#sql(one) : joinedSql(one, this.#sources)
    );
    return this.store.rows(valueRows(select, this.filter, order));
  }

  /** Whole jobs. */
  *jobs(order: RowOrder): Generator<ReportedJob> {
    const columns = this.store.columns();
    const percents = [cpuPercentSql(this.#sources), memoryPercentSql(this.#sources)];
    const cut = this.filter.isTruncated ? CUT_FIGURES : [];
    const select = [
      ...columns.map((column) => `jobs.${column}`),
      ...percents,
      ...cut.map((key) => this.#sql(key)),
    ];
    const { isTruncated } = this.filter;
    for (const values of this.store.rows<Value[]>(valueRows(select, this.filter, order))) {
      const [cpuPercent, memoryPercent, ...cpu] = values.slice(columns.length) as (number | null)[];
      const row = rowOf(columns, values);
      const read = jobFromRow(row, this.store.path);
      const used = this.#liveUsage(read, row);
      const host = this.filter.isMerged ? String(row[HOST_COLUMN]) : this.filter.host;
      const within = isTruncated
        ? truncated(read, used, { ...this.filter, cpu: cutFigures(cpu) })
        : { job: read, live: used };
      yield { ...within, host, cpuPercent: cpuPercent ?? null, memoryPercent: memoryPercent ?? null };
    }
  }

  /** Of a merged report's job, what its node had read. */
  #liveUsage({ spec, phase }: Job, row: JobRow): Usage | null {
    if (!this.filter.isMerged) return this.filter.live.get(spec.id) ?? null;
    return phase.state === "ended" ? null : usageFromRow(row);
  }

  /** What groups are made of; of many nodes' jobs, those of one group after another. */
  *grouped(by: GroupKey): Generator<GroupedJob> {
    const key = groupSql(by, this.#sources);
    const select = [key, ...memberSql((field) => this.#sql(field))];
    const rows = this.#groupRows(select, by);
    const query = this.filter.isMerged ? { ...rows, order: `${key}, created_at_ms` } : rows;
    for (const row of this.store.rows<MemberRow>(query)) {
      const [key, isLive, hasFailed, neverStarted, ...figures] = row;
      const [trigger, wallMs, cpuUsageUsec, memoryPeakBytes, throttledShare] = figures;
      const outcome = neverStarted ? "never-started" : outcomeOf(isLive, hasFailed);
      yield { key, outcome, trigger, wallMs, cpuUsageUsec, memoryPeakBytes, throttledShare };
    }
  }

  /** Rows of: what the job has in common with others, whether it failed, and the values of these fields. */
  labelled(by: GroupKey, fields: readonly string[]): Iterable<readonly Value[]> {
    const select = [groupSql(by, this.#sources), FAILED_SQL, ...fields.map((field) => this.#sql(field))];
    return this.store.rows(this.#groupRows(select, by));
  }

  #groupRows(select: string[], by: GroupKey) {
    return valueRows(select, this.filter, undefined, tagParameter(by));
  }
}

function cutFigures(values: readonly (number | null)[]) {
  const entries = CUT_FIGURES.map((key, index) => [key, values[index] ?? null] as const);
  return Object.fromEntries(entries) as Record<typeof CUT_FIGURES[number], number | null>;
}

function rowOf(columns: readonly string[], values: readonly Value[]): JobRow {
  const row: Record<string, Value> = {};
  for (const [index, column] of columns.entries()) row[column] = values[index] ?? null;
  return row as JobRow;
}

/** What groups are made of, after the key. */
const memberSql = (sql: (field: string) => string) => [
  LIVE_SQL,
  FAILED_SQL,
  NEVER_STARTED_SQL,
  "coalesce(trigger_reason, reason)",
  ...["wallMs", "cpuUsageUsec", "memoryPeakBytes"].map(sql),
  "1.0 * cpu_throttled_periods / cpu_periods",
];

type MemberRow = [
  key: Value,
  isLive: number,
  hasFailed: number,
  neverStarted: number,
  trigger: string | null,
  wallMs: number | null,
  cpuUsageUsec: number | null,
  memoryPeakBytes: number | null,
  throttledShare: number | null,
];

function outcomeOf(isLive: number, hasFailed: number): GroupedJob["outcome"] {
  return isLive ? "live" : hasFailed ? "failed" : "well";
}
