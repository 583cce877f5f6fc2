/** The text of a report in each of its formats, a piece at a time. */
import { sortedBy } from "../choose_columns.ts";
import { csvField, csvFields, csvLines } from "./csv.ts";
import type { Group } from "./group.ts";
import { groupJson } from "./group_json.ts";
import { toJson, toJsonLine } from "../../base/json.ts";
import { jsonArray, jsonLines } from "./jsonl.ts";
import { localTime } from "../../value/local_time.ts";
import { openMetrics } from "./openmetrics.ts";
import { REPORT_COLUMNS } from "./columns.ts";
import type { ShownColumn, Value } from "../shown_column.ts";
import { counted, noTotals, type Totals, totalsLine, totalsOf } from "./summary.ts";
import { tableLines } from "../table.ts";
import { MISSING } from "../../value/units.ts";
import { printable } from "../../base/text.ts";
import type { ReportSource } from "./source.ts";
import type { ReportRequest, Rows } from "./request.ts";

/** Where it goes. */
export interface Destination {
  isTerminal: boolean;
  /** Of the terminal; null for a pipe. */
  widthColumns: number | null;
  colour: boolean;
}

/** Pieces of it, to be written in their order. May throw StoreError, also while they are taken. */
export async function reportText(
  source: ReportSource,
  request: ReportRequest,
  destination: Destination,
): Promise<Iterable<string>> {
  const { format, rows, limit } = request;
  switch (format) {
    case "table":
      return await tableText(source, request, destination);
    case "csv":
      return csvText(source, request, destination);
    case "json":
      if (rows.kind === "groups") return [`${toJson(groupObjects(source, rows, limit))}\n`];
      return jsonArray(source.jobs({ by: rows.order, limit }));
    case "jsonl":
      if (rows.kind === "groups") {
        const [node, ...others] = request.nodes;
        const host = node === undefined || others.length > 0 ? {} : { host: node.host };
        return groupObjects(source, rows, limit).map((one) => `${toJsonLine({ ...one, ...host })}\n`);
      }
      return jsonLines(source.jobs({ by: rows.order, limit }), request.nodes);
    case "openmetrics":
      return [metricsText(source, rows)];
    case "html":
      return await htmlText(source, request);
  }
}

/** Rows to be shown. `totals` are complete when all rows have been taken. */
function valuesOf(
  source: ReportSource,
  { rows, limit }: ReportRequest,
): { values: Iterable<readonly Value[]>; totals: Totals } {
  if (rows.kind === "jobs") {
    const totals = noTotals();
    const values = source.rows(rows.columns, { by: rows.order, limit });
    return { values: counted(values, rows.columns.length, totals), totals };
  }
  const groups = groupsOf(source, rows, limit);
  return {
    values: groups.map((group) => rows.columns.map(({ read }) => read(group))),
    totals: totalsOf(groups),
  };
}

type GroupRows = Extract<Rows, { kind: "groups" }>;

function groupsOf(source: ReportSource, { by, order }: GroupRows, limit: number | null): Group[] {
  const groups = source.groups(by);
  const ordered = order === null ? groups : sortedBy(groups, order.column.read, order.isDescending);
  return ordered.slice(0, limit ?? ordered.length);
}

function groupObjects(
  source: ReportSource,
  rows: GroupRows,
  limit: number | null,
): Record<string, unknown>[] {
  return groupsOf(source, rows, limit).map((group) => groupJson(group, rows.by, rows.advise));
}

async function tableText(
  source: ReportSource,
  request: ReportRequest,
  { widthColumns, colour }: Destination,
): Promise<Iterable<string>> {
  const { columns } = request.rows;
  const { values, totals } = valuesOf(source, request);
  const { isWide, about } = request;
  const lines = await tableLines(columns, cellsOf(columns, values), { widthColumns, colour, isWide });
  return framed(`${printable(about)}\n`, lines, () => `${totalsLine(totals)}\n`);
}

function* cellsOf(
  columns: readonly ShownColumn[],
  values: Iterable<readonly Value[]>,
): Generator<string[]> {
  for (const row of values) yield columns.map(({ show }, index) => shown(show, row[index] ?? null));
}

function shown(show: ShownColumn["show"], value: Value): string {
  return value === null ? MISSING : show(value);
}

function* framed(first: string, lines: Iterable<string>, last: () => string): Generator<string> {
  yield first;
  yield* lines;
  yield last();
}

/** By reason unless told otherwise: a name can be new with every job, and so be a new series. */
function metricsText(source: ReportSource, rows: Rows): string {
  const by = rows.kind === "groups" && rows.by !== "day" ? rows.by : "reason";
  const columns = REPORT_COLUMNS.filter(({ metric }) => metric !== undefined);
  return openMetrics(by, source.gauges(by, columns), source.live());
}

function csvText(
  source: ReportSource,
  { rows, limit }: ReportRequest,
  { isTerminal }: Destination,
): Iterable<string> {
  if (rows.kind === "groups") {
    const values = groupsOf(source, rows, limit).map((group) => rows.columns.map(({ read }) => read(group)));
    return csvLines(rows.columns.map((column) => csvField(column, isTerminal)), values);
  }
  const fields = csvFields(rows.columns, isTerminal);
  return csvLines(fields, source.fields(fields, { by: rows.order, limit }));
}

async function htmlText(source: ReportSource, request: ReportRequest): Promise<Iterable<string>> {
  const { htmlPage } = await import("./html.ts");
  const { host, about, rows, filter } = request;
  const course = source.course();
  return htmlPage({
    host,
    about,
    madeAt: localTime(filter.nowMs),
    course,
    columns: rows.columns,
    rows: valuesOf(source, request).values,
    // Of a job, what counted() reads follows its columns; of a group, nothing does.
    hasFailed: (row) => row[rows.columns.length] === 1,
  });
}
