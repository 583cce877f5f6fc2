/** The columns of `corral report`. One entry is all that a column needs. */
import { formatDurationExact } from "../../value/duration.ts";
import {
  FIGURE_UNITS,
  type FigureKey,
  type FigureMetric,
  type FigureRow,
  FIGURES,
} from "../../job/figures.ts";
import { LIMIT_KINDS, LIMIT_ROWS, type LimitRow } from "../../job/limits.ts";
import { signalName } from "../../value/signal.ts";
import { localTime, utcTime } from "../../value/local_time.ts";
import type { Present, ShownColumn } from "../shown_column.ts";
import { tintOfExit, tintOfPercent, tintOfReason } from "../tint.ts";
import { formatPercent } from "../../value/units.ts";

/** A figure's metric, with its factor. */
export interface Metric extends FigureMetric {
  /** From the column's unit to the metric's. */
  readonly factor: number;
}

/** A column of the table of jobs. By its `jsonKey` the store knows what to read for it (store/report_fields.ts). */
export interface ReportColumn extends ShownColumn {
  readonly metric?: Metric;
  /** Its values are numbers, or words of corral's own, and written as they are: CSV needs no quotes. */
  readonly isPlain?: true;
  /** Shown only when it is asked for. */
  readonly isExtra?: true;
  /** Shown in CSV also when it is not asked for. */
  readonly isForCsv?: true;
}

/** How the values of a kind are shown, and written where that differs from the value itself. */
const shown = (align: "left" | "right", show: (value: Present) => string) => ({ align, show });
const plain = (align: "left" | "right", show: (value: Present) => string) => ({
  align,
  show,
  isPlain: true as const,
});
const number = (show: (value: number) => string) => plain("right", (value) => show(Number(value)));
const both = (align: "left" | "right", show: (value: Present) => string) => ({ align, show, write: show });

const text = shown("left", String);
const word = plain("left", String);
const count = plain("right", String);
const time = both("left", (ms) => localTime(Number(ms)));
const utc = both("left", (ms) => utcTime(Number(ms)));
const signal = both("left", (value) => signalName(Number(value)));
const exactSpan = number(formatDurationExact);
const percent = number(formatPercent);

/** The columns of figures. */
function figures(...keys: readonly FigureKey[]): Omit<ReportColumn, "title">[] {
  return keys.flatMap((key) => FIGURES.filter((row) => row.key === key)).flatMap(figureColumn);
}

function figureColumn({ key, unit, column, isExtra, metric }: FigureRow): Omit<ReportColumn, "title">[] {
  if (column === undefined) return [];
  const { show, metricFactor } = FIGURE_UNITS[unit];
  return [{
    key: column,
    jsonKey: key,
    ...number(show),
    ...(metric === undefined ? {} : { metric: { ...metric, factor: metricFactor } }),
    ...(isExtra ? { isExtra } : {}),
  }];
}

function limitColumn({ key, column, kind }: LimitRow): Omit<ReportColumn, "title">[] {
  return column === undefined ? [] : [{ key: column, jsonKey: key, ...number(LIMIT_KINDS[kind].show) }];
}

/** In the order of the table; those for which one has to ask come last. */
export const REPORT_COLUMNS: readonly ReportColumn[] = [
  { key: "id", jsonKey: "id", ...word, isKept: true },
  { key: "name", jsonKey: "name", ...text, shrink: true, isKept: true },
  { key: "ref", jsonKey: "ref", ...text, shrink: true },
  { key: "user", jsonKey: "user", ...text, shrink: true },
  { key: "started", jsonKey: "startedLocalTime", ...time },
  { key: "reason", jsonKey: "reason", ...word, isKept: true, tint: tintOfReason },
  { key: "exit", jsonKey: "exitStatus", ...count, isKept: true, tint: tintOfExit },
  ...figures("wallMs", "cpuUsageUsec"),
  { key: "cpu%", jsonKey: "cpuPercent", ...percent },
  ...figures("memoryPeakBytes"),
  { key: "mem%", jsonKey: "memoryPercent", ...percent, tint: tintOfPercent },
  ...figures("memoryAnonPeakBytes", "memoryFilePeakBytes", "ioReadBytes", "ioWrittenBytes"),
  ...figures("cpuThrottledUsec", "oomKills", "pidsPeak"),
  ...[
    { key: "ended", jsonKey: "endedLocalTime", ...time },
    { key: "started-utc", jsonKey: "startedUtc", ...utc, isForCsv: true as const },
    { key: "ended-utc", jsonKey: "endedUtc", ...utc, isForCsv: true as const },
    { key: "host", jsonKey: "host", ...text, isForCsv: true as const },
    { key: "signal", jsonKey: "signal", ...signal },
    { key: "timeout", jsonKey: "timeoutMs", ...exactSpan },
    ...LIMIT_ROWS.flatMap(limitColumn),
    ...FIGURES.filter(({ isExtra }) => isExtra).flatMap(figureColumn),
    { key: "backend", jsonKey: "backend", ...word },
    { key: "pool", jsonKey: "pool", ...text },
    { key: "queued", jsonKey: "queuedMs", ...exactSpan },
  ].map((column) => ({ ...column, isExtra: true as const })),
].map((column) => ({ title: column.key, ...column }));

/** With the host, of the jobs of many nodes. */
export function withHost(columns: readonly ReportColumn[]): ReportColumn[] {
  const host = REPORT_COLUMNS.find(({ key }) => key === "host")!;
  return columns.includes(host) ? [...columns] : [host, ...columns];
}

/** Limits that a page shows unasked, by the column of the figure that each follows. */
const LIMIT_AFTER: ReadonlyMap<string, string> = new Map([
  ["wall", "timeout"],
  ["cpu", "cpus"],
  ["mem-peak", "memory"],
]);

/** Those of a page: it is never too narrow, so that limits can stand beside what was used. */
export const PAGE_COLUMNS: readonly ReportColumn[] = REPORT_COLUMNS.filter(({ isExtra }) => !isExtra)
  .flatMap((column) => {
    const limit = REPORT_COLUMNS.filter(({ key }) => key === LIMIT_AFTER.get(column.key));
    return [column, ...limit];
  });
