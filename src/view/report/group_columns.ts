/** The columns of `corral report --by`. */
import { formatCpus } from "../../value/cpus.ts";
import { formatDuration, formatDurationExact } from "../../value/duration.ts";
import { formatBytes } from "../../value/size.ts";
import type { GroupKey } from "../../store/report_fields.ts";
import type { Advice, Group, Spread } from "./group.ts";
import type { ShownColumn, Value } from "../shown_column.ts";
import { formatCpuTime } from "../../value/units.ts";

/** A column of the table of groups. */
export interface GroupColumn extends ShownColumn {
  readonly read: (group: Group) => Value;
  /** Shown only when it is asked for. */
  readonly isExtra?: true;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** In the order of the table; `advise` adds the limits that would have fitted. */
export function groupColumns(by: GroupKey, advise: boolean): GroupColumn[] {
  return [
    { key: by, jsonKey: by, align: "left", shrink: true, show: String, read: ({ key }: Group) => key },
    { key: "count", jsonKey: "count", align: "right", show: String, read: ({ count }: Group) => count },
    { key: "failed", jsonKey: "failed", align: "right", show: String, read: ({ failed }: Group) => failed },
    ...spread("wall", "wallMs", formatDuration),
    ...spread("cpu", "cpuUsageUsec", formatCpuTime),
    ...spread("mem-peak", "memoryPeakBytes", formatBytes),
    ...(advise ? ADVICE_COLUMNS : []),
    ...SUM_COLUMNS,
  ].map((column) => ({ title: column.key, ...column } as GroupColumn));
}

/** Named after the options of `corral run`, which take these values as they are shown. */
const ADVICE_COLUMNS = [
  advice("fit-memory", "memoryMaxBytes", sizeOption),
  advice("fit-timeout", "timeoutMs", durationOption),
  advice("fit-cpus", "cpuMaxCores", formatCpus),
];

const SUM_COLUMNS = [
  {
    key: "never-started",
    jsonKey: "neverStarted",
    align: "right",
    show: String,
    read: ({ neverStarted }: Group) => neverStarted,
    isExtra: true,
  },
  sum("cpu-sum", "cpuTotalUsec", formatCpuTime),
  sum("wall-sum", "wallTotalMs", formatDuration),
  sum("memory-sum", "memoryByteHours", (byteHours) => `${formatBytes(byteHours)}h`),
];

function sum(
  key: string,
  figure: "cpuTotalUsec" | "wallTotalMs" | "memoryByteHours",
  show: (value: number) => string,
) {
  return {
    key,
    jsonKey: figure,
    align: "right" as const,
    show: (value: unknown) => show(Number(value)),
    read: (group: Group) => group[figure],
    isExtra: true as const,
  };
}

function spread(
  name: string,
  figure: "wallMs" | "cpuUsageUsec" | "memoryPeakBytes",
  show: (value: number) => string,
) {
  return (["p50", "p95", "max"] as const).map((rank: keyof Spread) => ({
    key: `${name}-${rank}`,
    jsonKey: `${figure}${rank.charAt(0).toUpperCase()}${rank.slice(1)}`,
    align: "right" as const,
    show: (value: unknown) => show(Number(value)),
    read: (group: Group) => group[figure][rank],
  }));
}

function advice(key: string, figure: keyof Advice, show: (value: number) => string) {
  return {
    key,
    jsonKey: `advice${figure.charAt(0).toUpperCase()}${figure.slice(1)}`,
    align: "right" as const,
    show: (value: unknown) => show(Number(value)),
    read: (group: Group) => group.advice[figure],
  };
}

/** As `--memory` takes it, never less than `bytes`: `900M`, `24.6G`. */
function sizeOption(bytes: number): string {
  return bytes < 10 * GIB ? `${Math.ceil(bytes / MIB)}M` : `${Math.ceil(bytes / GIB * 10) / 10}G`;
}

/** As `--timeout` takes it, never less than `ms`: whole seconds below an hour, whole minutes above. */
function durationOption(ms: number): string {
  const stepMs = ms < HOUR_MS ? SECOND_MS : MINUTE_MS;
  return formatDurationExact(Math.ceil(ms / stepMs) * stepMs);
}
