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

/** A column of the table of jobs. By its `jsonKey` the store knows what to read for it (store/report_fields.ts). */
export interface ReportColumn extends ShownColumn {
  readonly metric?: Metric;
  /** Its values are numbers, or words of corral's own, and written as they are: CSV needs no quotes. */
  readonly isPlain?: true;
  /** Shown only when it is asked for. */
  readonly isExtra?: true;
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
  { key: "id", jsonKey: "id", ...word },
  { key: "name", jsonKey: "name", ...text, shrink: true },
  { key: "ref", jsonKey: "ref", ...text, shrink: true },
  { key: "user", jsonKey: "user", ...text },
  { key: "started", jsonKey: "startedLocalTime", ...time },
  {
    key: "wall",
    jsonKey: "wallMs",
    ...span,
    metric: sum("wall_seconds", MS, "Wall-clock time"),
  },
  {
    key: "cpu",
    jsonKey: "cpuUsageUsec",
    ...cpuTime,
    metric: sum("cpu_seconds", USEC, "CPU time"),
  },
  { key: "cpu%", jsonKey: "cpuPercent", ...percent },
  {
    key: "mem-peak",
    jsonKey: "memoryPeakBytes",
    ...bytes,
    metric: max("memory_peak_bytes", 1, "Highest memory peak, page cache included"),
  },
  { key: "mem%", jsonKey: "memoryPercent", ...percent },
  {
    key: "anon",
    jsonKey: "memoryAnonPeakBytes",
    ...bytes,
    metric: max("memory_anon_peak_bytes", 1, "Highest peak of anonymous memory"),
  },
  {
    key: "file",
    jsonKey: "memoryFilePeakBytes",
    ...bytes,
    metric: max("memory_file_peak_bytes", 1, "Highest peak of page cache"),
  },
  {
    key: "read",
    jsonKey: "ioReadBytes",
    ...bytes,
    metric: sum("io_read_bytes", 1, "Bytes read from block devices"),
  },
  {
    key: "written",
    jsonKey: "ioWrittenBytes",
    ...bytes,
    metric: sum("io_written_bytes", 1, "Bytes written to block devices"),
  },
  {
    key: "throttled",
    jsonKey: "cpuThrottledUsec",
    ...cpuTime,
    metric: sum("cpu_throttled_seconds", USEC, "Time for which the CPU quota held threads back"),
  },
  {
    key: "oom",
    jsonKey: "oomKills",
    ...count,
    metric: sum("oom_kills", 1, "Processes killed for memory"),
  },
  {
    key: "pids",
    jsonKey: "pidsPeak",
    ...count,
    metric: max("pids_peak", 1, "Most processes and threads of one job at once"),
  },
  { key: "reason", jsonKey: "reason", ...word },
  { key: "exit", jsonKey: "exitStatus", ...count },
  { key: "ended", jsonKey: "endedLocalTime", ...time, isExtra: true },
  { key: "signal", jsonKey: "signal", ...signal, isExtra: true },
  { key: "timeout", jsonKey: "timeoutMs", ...exactSpan, isExtra: true },
  ...LIMIT_ROWS.flatMap(({ key, column, kind }) =>
    column === undefined ? [] : [{
      key: column,
      jsonKey: key,
      ...number(LIMIT_KINDS[kind].show),
      isExtra: true,
    }]
  ),
  { key: "cpu-user", jsonKey: "cpuUserUsec", ...cpuTime, isExtra: true },
  { key: "cpu-system", jsonKey: "cpuSystemUsec", ...cpuTime, isExtra: true },
  { key: "swap-peak", jsonKey: "swapPeakBytes", ...bytes, isExtra: true },
  { key: "shmem", jsonKey: "memoryShmemPeakBytes", ...bytes, isExtra: true },
  { key: "slab", jsonKey: "memorySlabPeakBytes", ...bytes, isExtra: true },
  { key: "reads", jsonKey: "ioReadOperations", ...count, isExtra: true },
  { key: "writes", jsonKey: "ioWriteOperations", ...count, isExtra: true },
  { key: "periods", jsonKey: "cpuPeriods", ...count, isExtra: true },
  {
    key: "throttled-periods",
    jsonKey: "cpuThrottledPeriods",
    ...count,
    isExtra: true,
  },
  {
    key: "cpu-some",
    jsonKey: "cpuPressureSomeUsec",
    ...cpuTime,
    isExtra: true,
  },
  {
    key: "cpu-full",
    jsonKey: "cpuPressureFullUsec",
    ...cpuTime,
    isExtra: true,
  },
  {
    key: "mem-some",
    jsonKey: "memoryPressureSomeUsec",
    ...cpuTime,
    isExtra: true,
  },
  {
    key: "mem-full",
    jsonKey: "memoryPressureFullUsec",
    ...cpuTime,
    isExtra: true,
  },
  { key: "io-some", jsonKey: "ioPressureSomeUsec", ...cpuTime, isExtra: true },
  { key: "io-full", jsonKey: "ioPressureFullUsec", ...cpuTime, isExtra: true },
  { key: "backend", jsonKey: "backend", ...word, isExtra: true },
] as Omit<ReportColumn, "title">[]).map((column) => ({ title: column.key, ...column }));
