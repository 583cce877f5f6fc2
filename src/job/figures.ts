/**
 * Every figure of what a job used: one row, and a column of the store (store/schema.ts), is all that a figure needs. Its reading, the rows
 * of the store, the JSON Schema, the report's columns, the metrics and its line in `show` derive from here. Pure.
 */
import { formatDuration } from "../value/duration.ts";
import { formatBytes } from "../value/size.ts";
import { formatCpuTime } from "../value/units.ts";

/** Units of figures, which their keys end in. */
export type FigureUnit = "ms" | "usec" | "bytes" | "count";

/** A figure of io.stat, summed over all devices. */
export type IoFigure = "readBytes" | "writtenBytes" | "readOperations" | "writeOperations";

/** Where a figure is read: files of the job's cgroup (cgroup-v2.rst). */
export type FigureSource =
  | { readonly from: "flat"; readonly file: string; readonly field: string }
  | { readonly from: "whole"; readonly file: string }
  /** Summed over the job's cgroups where the kernel counts it in the process's own alone (no FILE.local: before Linux 6.11). */
  | { readonly from: "tree"; readonly file: string; readonly field: string }
  | { readonly from: "pressure"; readonly file: string; readonly field: "some" | "full" }
  | { readonly from: "io"; readonly field: IoFigure }
  /** The highest that was sampled of this field of memory.stat; the kernel keeps none. */
  | { readonly from: "samples"; readonly field: string }
  /** Known to the reader's caller alone. */
  | { readonly from: "caller" };

/** How a figure becomes a gauge of OpenMetrics: one figure for all jobs of a group. */
export interface FigureMetric {
  /** After `corral_jobs_`; ends in the unit, `seconds` or `bytes`, where there is one. */
  readonly name: string;
  readonly over: "sum" | "max";
  readonly help: string;
}

/** One figure. */
export interface FigureRow {
  /** In the program and the JSON; in snake case it is the store's column. */
  readonly key: string;
  readonly unit: FigureUnit;
  readonly source: FigureSource;
  /** In the JSON Schema. */
  readonly description?: string;
  /** Name of its column in the report; an extra one is shown only when it is asked for. */
  readonly column?: string;
  readonly isExtra?: true;
  readonly metric?: FigureMetric;
  /** Label of a line of its own at the end of this section of `show`. */
  readonly show?: { readonly section: "memory" | "tasks"; readonly label: string };
}

const flat = <const F extends string>(file: string, field: F) => ({ from: "flat", file, field } as const);
const whole = (file: string) => ({ from: "whole", file } as const);
const pressure = (resource: string, field: "some" | "full") =>
  ({ from: "pressure", file: `${resource}.pressure`, field }) as const;
const io = (field: IoFigure) => ({ from: "io", field } as const);
const sampled = <const F extends string>(field: F) => ({ from: "samples", field } as const);
const sum = (name: string, help: string) => ({ name, over: "sum", help } as const);
const max = (name: string, help: string) => ({ name, over: "max", help } as const);

const ROWS = [
  {
    key: "wallMs",
    unit: "ms",
    source: { from: "caller" },
    description: "from start to end",
    column: "wall",
    metric: sum("wall_seconds", "Wall-clock time"),
  },
  {
    key: "cpuUsageUsec",
    unit: "usec",
    source: flat("cpu.stat", "usage_usec"),
    description: "CPU time of all processes",
    column: "cpu",
    metric: sum("cpu_seconds", "CPU time"),
  },
  {
    key: "cpuUserUsec",
    unit: "usec",
    source: flat("cpu.stat", "user_usec"),
    column: "cpu-user",
    isExtra: true,
  },
  {
    key: "cpuSystemUsec",
    unit: "usec",
    source: flat("cpu.stat", "system_usec"),
    column: "cpu-system",
    isExtra: true,
  },
  {
    key: "cpuPeriods",
    unit: "count",
    source: flat("cpu.stat", "nr_periods"),
    description: "periods of the CPU quota in which it ran",
    column: "periods",
    isExtra: true,
  },
  {
    key: "cpuThrottledPeriods",
    unit: "count",
    source: flat("cpu.stat", "nr_throttled"),
    description: "those in which the quota held it back",
    column: "throttled-periods",
    isExtra: true,
  },
  {
    key: "cpuThrottledUsec",
    unit: "usec",
    source: flat("cpu.stat", "throttled_usec"),
    description: "for how long, summed over CPUs",
    column: "throttled",
    metric: sum("cpu_throttled_seconds", "Time for which the CPU quota held threads back"),
  },
  // PSI (Documentation/accounting/psi.rst) since Linux 4.20, with a full line for the CPU since 5.13.
  {
    key: "cpuPressureSomeUsec",
    unit: "usec",
    source: pressure("cpu", "some"),
    description: "PSI: for how long at least one of its tasks waited for a CPU",
    column: "cpu-some",
    isExtra: true,
  },
  {
    key: "cpuPressureFullUsec",
    unit: "usec",
    source: pressure("cpu", "full"),
    description: "PSI: for how long all that had work waited",
    column: "cpu-full",
    isExtra: true,
  },
  {
    key: "memoryPeakBytes",
    unit: "bytes",
    source: whole("memory.peak"), // Linux 5.19
    description: "page cache included",
    column: "mem-peak",
    metric: max("memory_peak_bytes", "Highest memory peak, page cache included"),
  },
  // Not all at one moment.
  {
    key: "memoryAnonPeakBytes",
    unit: "bytes",
    source: sampled("anon"),
    description: "highest that was sampled, as of each kind of memory",
    column: "anon",
    metric: max("memory_anon_peak_bytes", "Highest peak of anonymous memory"),
  },
  {
    key: "memoryFilePeakBytes",
    unit: "bytes",
    source: sampled("file"),
    column: "file",
    metric: max("memory_file_peak_bytes", "Highest peak of page cache"),
  },
  { key: "memoryShmemPeakBytes", unit: "bytes", source: sampled("shmem"), column: "shmem", isExtra: true },
  { key: "memorySlabPeakBytes", unit: "bytes", source: sampled("slab"), column: "slab", isExtra: true },
  {
    key: "memoryHighEvents",
    unit: "count",
    source: flat("memory.events", "high"),
    description: "how often it was slowed down at its memoryHighBytes",
  },
  {
    key: "memoryMaxEvents",
    unit: "count",
    source: flat("memory.events", "max"),
    description: "how often it was about to exceed its memoryMaxBytes",
  },
  {
    key: "memoryOomEvents",
    unit: "count",
    source: flat("memory.events.local", "oom"), // Linux 5.2
    description: "how often its own memoryMaxBytes left no room",
  },
  {
    key: "memoryPressureSomeUsec",
    unit: "usec",
    source: pressure("memory", "some"),
    column: "mem-some",
    isExtra: true,
  },
  {
    key: "memoryPressureFullUsec",
    unit: "usec",
    source: pressure("memory", "full"),
    column: "mem-full",
    isExtra: true,
  },
  {
    key: "swapPeakBytes",
    unit: "bytes",
    source: whole("memory.swap.peak"), // Linux 6.5
    column: "swap-peak",
    isExtra: true,
  },
  {
    key: "oomKills",
    unit: "count",
    source: flat("memory.events", "oom_kill"),
    description: "processes killed for memory",
    column: "oom",
    metric: sum("oom_kills", "Processes killed for memory"),
    show: { section: "memory", label: "oom kills" },
  },
  {
    key: "ioReadBytes",
    unit: "bytes",
    source: io("readBytes"),
    description: "from block devices",
    column: "read",
    metric: sum("io_read_bytes", "Bytes read from block devices"),
  },
  {
    key: "ioWrittenBytes",
    unit: "bytes",
    source: io("writtenBytes"),
    description: "to block devices",
    column: "written",
    metric: sum("io_written_bytes", "Bytes written to block devices"),
  },
  { key: "ioReadOperations", unit: "count", source: io("readOperations"), column: "reads", isExtra: true },
  { key: "ioWriteOperations", unit: "count", source: io("writeOperations"), column: "writes", isExtra: true },
  {
    key: "ioPressureSomeUsec",
    unit: "usec",
    source: pressure("io", "some"),
    column: "io-some",
    isExtra: true,
  },
  {
    key: "ioPressureFullUsec",
    unit: "usec",
    source: pressure("io", "full"),
    column: "io-full",
    isExtra: true,
  },
  {
    key: "pidsPeak",
    unit: "count",
    source: whole("pids.peak"), // Linux 6.1
    description: "most processes and threads at once",
    column: "pids",
    metric: max("pids_peak", "Most processes and threads of one job at once"),
  },
  {
    key: "pidsMaxEvents",
    unit: "count",
    source: { from: "tree", file: "pids.events", field: "max" },
    description: "forks that a limit of processes refused",
    column: "refused-forks",
    isExtra: true,
    show: { section: "tasks", label: "refused" },
  },
] as const satisfies readonly FigureRow[];

type Row = (typeof ROWS)[number];

/** The key of a figure. */
export type FigureKey = Row["key"];

/** A field of memory.stat of which the highest is kept. */
export type MemoryKind = Extract<Row["source"], { from: "samples" }>["field"];

/** All figures, in the order of the JSON. */
export const FIGURES: readonly (FigureRow & { readonly key: FigureKey })[] = ROWS;

/** The fields of memory.stat of which the highest is kept, each with its figure. */
export const MEMORY_KINDS: readonly { readonly kind: MemoryKind; readonly key: FigureKey }[] = FIGURES
  .flatMap(({ key, source }) => source.from === "samples" ? [{ kind: source.field as MemoryKind, key }] : []);

/** How figures of a unit are shown, and by what they become the unit of a metric. */
export const FIGURE_UNITS: Readonly<
  Record<FigureUnit, { readonly show: (value: number) => string; readonly metricFactor: number }>
> = {
  ms: { show: formatDuration, metricFactor: 1e-3 },
  usec: { show: formatCpuTime, metricFactor: 1e-6 },
  bytes: { show: formatBytes, metricFactor: 1 },
  count: { show: String, metricFactor: 1 },
};
