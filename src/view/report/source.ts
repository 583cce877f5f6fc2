/** What each kind of report is made of, shaped from what the store reads. */
import type { CsvField } from "./csv.ts";
import { type Group, groupsOf, type Member } from "./group.ts";
import { localDay } from "../../value/local_time.ts";
import { type Family, gaugesOf } from "./gauges.ts";
import type { ReportColumn } from "./columns.ts";
import type { Order } from "../choose_columns.ts";
import type { Value } from "../shown_column.ts";
import { type Stretch, timeCourse } from "./time_course.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { ReportFilter, RowOrder } from "../../store/query.ts";
import type { GroupKey } from "../../store/report_fields.ts";
import { type ReportedJob, ReportReader } from "../../store/report_reader.ts";

/** Which rows first, and how many. Null: by their start, all of them. */
export interface JobOrder {
  by: Order<ReportColumn> | null;
  limit: number | null;
}

/** The jobs of one filter. Everything may throw StoreError. */
export class ReportSource {
  readonly #reader: ReportReader;

  /** @param onRows called now and then, with the number of rows read; null: they are not counted */
  constructor(
    readonly store: JobStore,
    readonly filter: ReportFilter,
    readonly onRows: ((count: number) => void) | null = null,
  ) {
    this.#reader = new ReportReader(store, filter);
  }

  /** Rows of values, followed by what `counted` of summary.ts reads. */
  rows(columns: readonly ReportColumn[], order: JobOrder): Iterable<readonly Value[]> {
    return this.#watched(this.#reader.rows(columns.map(({ jsonKey }) => jsonKey), rowOrder(order)));
  }

  /** Rows of the values of these fields. */
  fields(fields: readonly CsvField[], order: JobOrder): Iterable<readonly Value[]> {
    const names = fields.map(({ titles, isJoined }) => isJoined ? titles : titles[0]!);
    return this.#watched(this.#reader.texts(names, rowOrder(order)));
  }

  /** Whole jobs. */
  jobs(order: JobOrder): Iterable<ReportedJob> {
    return this.#watched(this.#reader.jobs(rowOrder(order)));
  }

  /** Groups of the jobs that have `by` in common. */
  groups(by: GroupKey): Group[] {
    const keyOf = by === "day" ? (key: Value) => localDay(Number(key)) : String;
    return groupsOf(this.#members(by, keyOf), this.filter.isMerged);
  }

  /** Use over time, by the start of the jobs. */
  course(): Stretch[] {
    return timeCourse(this.#timedJobs());
  }

  /** Live jobs: id, name, CPU time and memory peak; of many nodes also the host. */
  live(): Iterable<readonly Value[]> {
    const reader = new ReportReader(this.store, { ...this.filter, isLiveOnly: true });
    const host = this.filter.isMerged ? ["host"] : [];
    return reader.texts(["id", "name", "cpuUsageUsec", "memoryPeakBytes", ...host], {
      by: null,
      limit: null,
    });
  }

  /** Gauges for each group, of `columns` that have a metric. */
  gauges(by: Exclude<GroupKey, "day">, columns: readonly ReportColumn[]): Family[] {
    return gaugesOf(columns, this.#reader.labelled(by, columns.map(({ jsonKey }) => jsonKey)));
  }

  #watched<T>(rows: Iterable<T>): Iterable<T> {
    return this.onRows === null ? rows : countedRows(rows, this.onRows);
  }

  *#members(by: GroupKey, keyOf: (key: Value) => string): Generator<Member> {
    for (const job of this.#watched(this.#reader.grouped(by))) yield { ...job, key: keyOf(job.key) };
  }

  *#timedJobs() {
    for (
      const { key, outcome, cpuUsageUsec, memoryPeakBytes } of this.#watched(this.#reader.grouped("day"))
    ) {
      if (outcome === "never-started") continue;
      yield { startedMs: Number(key), outcome, cpuUsageUsec, memoryPeakBytes };
    }
  }
}

const ROWS_BETWEEN = 4_096;

function* countedRows<T>(rows: Iterable<T>, onRows: (count: number) => void): Generator<T> {
  let count = 0;
  for (const row of rows) {
    if (++count % ROWS_BETWEEN === 0) onRows(count);
    yield row;
  }
}

function rowOrder({ by, limit }: JobOrder): RowOrder {
  return {
    by: by === null ? null : { field: by.column.jsonKey, isDescending: by.isDescending },
    limit,
  };
}
