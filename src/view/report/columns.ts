/** The columns of `corral report`. One entry is all that a column needs. */
import { formatDuration, formatDurationExact } from "../../value/duration.ts";
import { LIMIT_KINDS, LIMIT_ROWS } from "../../job/limits.ts";
import { signalName } from "../../value/signal.ts";
import { formatBytes } from "../../value/size.ts";
import { localTime } from "../../value/local_time.ts";
import type { Present, ShownColumn } from "../shown_column.ts";
import { formatCpuTime, formatPercent } from "../../value/units.ts";

/** How a column becomes a gauge of OpenMetrics: one figure for all jobs of a group. */
export interface Metric {
  /** After `corral_jobs_`; ends in the unit, `seconds` or `bytes`, where there is one. */
  readonly name: string;
  readonly over: "sum" | "max";
  /** From the column's unit to the metric's. */
  readonly factor: number;
  readonly help: string;
}

/** A column of the table of jobs. */
export interface ReportColumn extends ShownColumn {
  /** SQL over the table `jobs` (store/schema.ts). `:cores` is the number of the node's CPUs, `:now` the time in milliseconds. */
  readonly sql: string;
  readonly metric?: Metric;
  /** Its values are numbers, or words of corral's own, and written as they are: CSV needs no quotes. */
  readonly isPlain?: true;
  /** Shown only when it is asked for. */
  readonly isExtra?: true;
}

/** When the job began to run, or was recorded, if it never ran. */
export const STARTED_SQL = "coalesce(started_at_ms, created_at_ms)";
/** So far, for a job that is not ended. */
export const WALL_SQL =
  `CASE WHEN state = 'ended' THEN wall_ms WHEN :now > ${STARTED_SQL} THEN :now - ${STARTED_SQL} ELSE 0 END`;
/** One of END_REASONS, or the state of a job that is not ended. */
export const REASON_SQL = "CASE WHEN state = 'ended' THEN reason ELSE state END";
/** 1 for an ended job that did not exit with 0. */
export const FAILED_SQL = "(state = 'ended' AND NOT (reason = 'exited' AND exit_code IS 0))";
/** Share of the CPU time that its quota, or else the node, could have given it. */
export const CPU_PERCENT_SQL = tenths(
  "cpu_usage_usec / 10.0 / wall_ms / coalesce(limits ->> '$.cpuMaxCores', :cores)",
);
/** Share of its memory limit. */
export const MEMORY_PERCENT_SQL = tenths("100.0 * memory_peak_bytes / (limits ->> '$.memoryMaxBytes')");

/** To one decimal; round() goes through a text, which takes most of the time of a whole row. */
function tenths(sql: string): string {
  return `CAST(10 * ${sql} + 0.5 AS INTEGER) / 10.0`;
}

/** How the values of a kind are shown, and written where that differs from the value itself. */
const shown = (align: "left" | "right", show: (value: Present) => string) => ({ align, show });
const plain = (align: "left" | "right", show: (value: Present) => string) => ({ align, show, isPlain: true });
const number = (show: (value: number) => string) => plain("right", (value) => show(Number(value)));
const both = (align: "left" | "right", show: (value: Present) => string) => ({ align, show, write: show });

const text = shown("left", String);
const word = plain("left", String);
const count = plain("right", String);
const time = both("left", (ms) => localTime(Number(ms)));
const signal = both("left", (value) => signalName(Number(value)));
const span = number(formatDuration);
const exactSpan = number(formatDurationExact);
const cpuTime = number(formatCpuTime);
const bytes = number(formatBytes);
const percent = number(formatPercent);

const MS = 1e-3;
const USEC = 1e-6;
const sum = (name: string, factor: number, help: string): Metric => ({ name, over: "sum", factor, help });
const max = (name: string, factor: number, help: string): Metric => ({ name, over: "max", factor, help });

/** In the order of the table; those for which one has to ask come last. */
export const REPORT_COLUMNS: readonly ReportColumn[] = ([
  { key: "id", jsonKey: "id", sql: "id", ...word },
  { key: "name", jsonKey: "name", sql: "name", ...text, shrink: true },
  { key: "ref", jsonKey: "ref", sql: "ref", ...text, shrink: true },
  { key: "user", jsonKey: "user", sql: "user", ...text },
  { key: "started", jsonKey: "startedLocalTime", sql: STARTED_SQL, ...time },
  {
    key: "wall",
    jsonKey: "wallMs",
    sql: WALL_SQL,
    ...span,
    metric: sum("wall_seconds", MS, "Wall-clock time"),
  },
  {
    key: "cpu",
    jsonKey: "cpuUsageUsec",
    sql: "cpu_usage_usec",
    ...cpuTime,
    metric: sum("cpu_seconds", USEC, "CPU time"),
  },
  { key: "cpu%", jsonKey: "cpuPercent", sql: CPU_PERCENT_SQL, ...percent },
  {
    key: "mem-peak",
    jsonKey: "memoryPeakBytes",
    sql: "memory_peak_bytes",
    ...bytes,
    metric: max("memory_peak_bytes", 1, "Highest memory peak, page cache included"),
  },
  { key: "mem%", jsonKey: "memoryPercent", sql: MEMORY_PERCENT_SQL, ...percent },
  {
    key: "anon",
    jsonKey: "memoryAnonPeakBytes",
    sql: "memory_anon_peak_bytes",
    ...bytes,
    metric: max("memory_anon_peak_bytes", 1, "Highest peak of anonymous memory"),
  },
  {
    key: "file",
    jsonKey: "memoryFilePeakBytes",
    sql: "memory_file_peak_bytes",
    ...bytes,
    metric: max("memory_file_peak_bytes", 1, "Highest peak of page cache"),
  },
  {
    key: "read",
    jsonKey: "ioReadBytes",
    sql: "io_read_bytes",
    ...bytes,
    metric: sum("io_read_bytes", 1, "Bytes read from block devices"),
  },
  {
    key: "written",
    jsonKey: "ioWrittenBytes",
    sql: "io_written_bytes",
    ...bytes,
    metric: sum("io_written_bytes", 1, "Bytes written to block devices"),
  },
  {
    key: "throttled",
    jsonKey: "cpuThrottledUsec",
    sql: "cpu_throttled_usec",
    ...cpuTime,
    metric: sum("cpu_throttled_seconds", USEC, "Time for which the CPU quota held threads back"),
  },
  {
    key: "oom",
    jsonKey: "oomKills",
    sql: "oom_kills",
    ...count,
    metric: sum("oom_kills", 1, "Processes killed for memory"),
  },
  {
    key: "pids",
    jsonKey: "pidsPeak",
    sql: "pids_peak",
    ...count,
    metric: max("pids_peak", 1, "Most processes and threads of one job at once"),
  },
  { key: "reason", jsonKey: "reason", sql: REASON_SQL, ...word },
  // As a shell and `corral run` give it; the JSON keeps code and signal apart.
  { key: "exit", jsonKey: "exitStatus", sql: "coalesce(exit_code, 128 + exit_signal)", ...count },
  { key: "ended", jsonKey: "endedLocalTime", sql: "ended_at_ms", ...time, isExtra: true },
  { key: "signal", jsonKey: "signal", sql: "exit_signal", ...signal, isExtra: true },
  { key: "timeout", jsonKey: "timeoutMs", sql: "timeout_ms", ...exactSpan, isExtra: true },
  ...LIMIT_ROWS.flatMap(({ key, column, kind }) =>
    column === undefined ? [] : [{
      key: column,
      jsonKey: key,
      sql: `limits ->> '$.${key}'`,
      ...number(LIMIT_KINDS[kind].show),
      isExtra: true,
    }]
  ),
  { key: "cpu-user", jsonKey: "cpuUserUsec", sql: "cpu_user_usec", ...cpuTime, isExtra: true },
  { key: "cpu-system", jsonKey: "cpuSystemUsec", sql: "cpu_system_usec", ...cpuTime, isExtra: true },
  { key: "swap-peak", jsonKey: "swapPeakBytes", sql: "swap_peak_bytes", ...bytes, isExtra: true },
  { key: "shmem", jsonKey: "memoryShmemPeakBytes", sql: "memory_shmem_peak_bytes", ...bytes, isExtra: true },
  { key: "slab", jsonKey: "memorySlabPeakBytes", sql: "memory_slab_peak_bytes", ...bytes, isExtra: true },
  { key: "reads", jsonKey: "ioReadOperations", sql: "io_read_operations", ...count, isExtra: true },
  { key: "writes", jsonKey: "ioWriteOperations", sql: "io_write_operations", ...count, isExtra: true },
  { key: "periods", jsonKey: "cpuPeriods", sql: "cpu_periods", ...count, isExtra: true },
  {
    key: "throttled-periods",
    jsonKey: "cpuThrottledPeriods",
    sql: "cpu_throttled_periods",
    ...count,
    isExtra: true,
  },
  {
    key: "cpu-some",
    jsonKey: "cpuPressureSomeUsec",
    sql: "cpu_pressure_some_usec",
    ...cpuTime,
    isExtra: true,
  },
  {
    key: "cpu-full",
    jsonKey: "cpuPressureFullUsec",
    sql: "cpu_pressure_full_usec",
    ...cpuTime,
    isExtra: true,
  },
  {
    key: "mem-some",
    jsonKey: "memoryPressureSomeUsec",
    sql: "memory_pressure_some_usec",
    ...cpuTime,
    isExtra: true,
  },
  {
    key: "mem-full",
    jsonKey: "memoryPressureFullUsec",
    sql: "memory_pressure_full_usec",
    ...cpuTime,
    isExtra: true,
  },
  { key: "io-some", jsonKey: "ioPressureSomeUsec", sql: "io_pressure_some_usec", ...cpuTime, isExtra: true },
  { key: "io-full", jsonKey: "ioPressureFullUsec", sql: "io_pressure_full_usec", ...cpuTime, isExtra: true },
  { key: "backend", jsonKey: "backend", sql: "backend", ...word, isExtra: true },
] as Omit<ReportColumn, "title">[]).map((column) => ({ title: column.key, ...column }));
