/** The limits of a job and what it used of them, as `corral show --full` lists them. Pure. */
import { printable, shortened } from "../base/text.ts";
import { FIGURE_UNITS, FIGURES } from "../job/figures.ts";
import type { Job } from "../job/job.ts";
import { LIMIT_KINDS, LIMIT_ROWS, type LimitKey, type LimitRow, type Limits } from "../job/limits.ts";
import type { Usage } from "../job/usage.ts";
import { formatDurationExact } from "../value/duration.ts";
import {
  formatCount,
  formatCpuTime,
  formatOptionalBytes,
  formatOptionalDuration,
  formatPercent,
  MISSING,
  orMissing,
  percentOf,
} from "../value/units.ts";
import type { HeadRow } from "./show_head.ts";

const VALUE_CHARACTERS = 2000;

/** What is shown of a value that may come from outside. */
export function line(label: string, value: string): HeadRow {
  return [label, shortened(printable(value), VALUE_CHARACTERS)];
}

/** `memoryBytes`: of a live job, what it holds now; null for any other. */
export function usageRows(
  { spec: { limits, cpuTimeMs } }: Job,
  usage: Usage,
  live: { memoryBytes: number | null } | null,
): HeadRow[] {
  return [
    line("wall", formatOptionalDuration(usage.wallMs)),
    ...cpuLines(usage, limits, cpuTimeMs),
    ...memoryLines(usage, limits, live),
    ...ioLines(usage),
    line(
      "tasks peak",
      ofLimit(
        formatCount(usage.pidsPeak),
        shown(limits, "pidsMax"),
        percentOf(usage.pidsPeak, limits.pidsMax),
      ),
    ),
    ...loneLimits(limits, "pids"),
    ...loneFigures(usage, "tasks"),
  ];
}

/** Limits against which no figure is set, each on a line of its own. */
function loneLimits(limits: Limits, controller: LimitRow["controller"]): HeadRow[] {
  return LIMIT_ROWS.flatMap((row) => {
    const value = shown(limits, row.key);
    const isHere = row.controller === controller && row.showLabel !== undefined && value !== null;
    return isHere ? [line(row.showLabel, value)] : [];
  });
}

/** Figures that share their line with no other. */
function loneFigures(usage: Usage, section: string): HeadRow[] {
  return FIGURES.flatMap(({ key, unit, show }) =>
    show?.section === section ? [line(show.label, orMissing(usage[key], FIGURE_UNITS[unit].show))] : []
  );
}

/** A limit in words; null for none. */
function shown(limits: Limits, key: LimitKey): string | null {
  const { kind } = LIMIT_ROWS.find((row) => row.key === key)!;
  const value = limits[key];
  return value === null ? null : LIMIT_KINDS[kind].show(value);
}

function ofLimit(value: string, limit: string | null, percent: number | null): string {
  if (limit === null) return value;
  return `${value} of ${limit}${percent === null ? "" : ` (${formatPercent(percent)})`}`;
}

function cpuLines(usage: Usage, limits: Limits, cpuTimeMs: number | null): HeadRow[] {
  const { wallMs, cpuUsageUsec } = usage;
  const percent = cpuUsageUsec === null || !wallMs ? null : cpuUsageUsec / 10 / wallMs;
  const cores = limits.cpuMaxCores;
  const quota = shown(limits, "cpuMaxCores");
  const share = ofLimit(
    formatPercent(percent),
    quota === null ? null : `${quota} ${cores === 1 ? "core" : "cores"}`,
    percentOf(percent, cores === null ? null : cores * 100),
  );
  const times = `user ${formatCpuTime(usage.cpuUserUsec)}, system ${formatCpuTime(usage.cpuSystemUsec)}`;
  const periods = `${formatCount(usage.cpuThrottledPeriods)} of ${formatCount(usage.cpuPeriods)} periods`;
  const used = ofLimit(
    formatCpuTime(cpuUsageUsec),
    cpuTimeMs === null ? null : formatDurationExact(cpuTimeMs),
    percentOf(cpuUsageUsec === null ? null : cpuUsageUsec / 1000, cpuTimeMs),
  );
  return [
    line("cpu", `${used} (${times}), ${share}`),
    ...loneLimits(limits, "cpu"),
    line(
      "throttled",
      usage.cpuPeriods === null ? "-" : `${formatCpuTime(usage.cpuThrottledUsec)} in ${periods}`,
    ),
    line("cpu waits", waits(usage.cpuPressureSomeUsec, usage.cpuPressureFullUsec)),
  ];
}

function memoryLines(usage: Usage, limits: Limits, live: { memoryBytes: number | null } | null): HeadRow[] {
  const memory = (value: number | null) =>
    ofLimit(
      formatOptionalBytes(value),
      shown(limits, "memoryMaxBytes"),
      percentOf(value, limits.memoryMaxBytes),
    );
  const kinds = [
    ["anon", usage.memoryAnonPeakBytes],
    ["file", usage.memoryFilePeakBytes],
    ["shmem", usage.memoryShmemPeakBytes],
    ["slab", usage.memorySlabPeakBytes],
  ] as const;
  const stalls = `${formatCount(usage.memoryHighEvents)} times at high, ${
    formatCount(usage.memoryMaxEvents)
  } at max`;
  return [
    ...(live === null ? [] : [line("memory now", memory(live.memoryBytes))]),
    line("memory peak", memory(usage.memoryPeakBytes)),
    line("seen of it", kinds.map(([kind, value]) => `${kind} ${formatOptionalBytes(value)}`).join(", ")),
    ...loneLimits(limits, "memory"),
    line("memory waits", `${waits(usage.memoryPressureSomeUsec, usage.memoryPressureFullUsec)}, ${stalls}`),
    line("swap peak", ofLimit(formatOptionalBytes(usage.swapPeakBytes), shown(limits, "swapMaxBytes"), null)),
    ...loneFigures(usage, "memory"),
  ];
}

/** Pressure (PSI): how long some of the job's tasks could not run for want of the resource, and how long none of them could. */
function waits(someUsec: number | null, fullUsec: number | null): string {
  if (someUsec === null) return MISSING;
  return `${formatCpuTime(someUsec)} some, ${formatCpuTime(fullUsec)} all`;
}

function ioLines(usage: Usage): HeadRow[] {
  const done = (bytes: number | null, operations: number | null) =>
    operations === null
      ? formatOptionalBytes(bytes)
      : `${formatOptionalBytes(bytes)} in ${operations} operations`;
  const devices = (usage.ioDevices ?? []).map((io) =>
    line(
      `  ${printable(io.name ?? io.device)}`,
      `read ${done(io.readBytes, io.readOperations)}, written ${done(io.writtenBytes, io.writeOperations)}`,
    )
  );
  return [
    line("read", done(usage.ioReadBytes, usage.ioReadOperations)),
    line("written", done(usage.ioWrittenBytes, usage.ioWriteOperations)),
    ...devices,
    line("io waits", waits(usage.ioPressureSomeUsec, usage.ioPressureFullUsec)),
  ];
}
