import { formatDuration } from "./duration.ts";
import { formatBytes } from "./size.ts";
import { localTime } from "./local_time.ts";

/** Shown where the kernel gave no value; a 0 would be a lie. */
export const MISSING = "-";

/** `format(value)`, or `-` for a value that is not there. */
export function orMissing<T>(value: T | null | undefined, format: (value: T) => string): string {
  return value === null || value === undefined ? MISSING : format(value);
}

/** Share of `whole` in percent; null when either is unknown or there is no whole to share. */
export function percentOf(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 ? null : part / whole * 100;
}

/** `0%`, `0.4%`, `9.9%`, `93%`, `1600%`: a decimal only below ten, where it tells something. */
export function formatPercent(percent: number | null): string {
  return orMissing(percent, (value) => {
    if (value >= 10) return `${Math.round(value)}%`;
    return `${value.toFixed(1).replace(/\.0$/, "")}%`;
  });
}

/** A size such as `24.0G`. */
export function formatOptionalBytes(bytes: number | null): string {
  return orMissing(bytes, formatBytes);
}

/** A span such as `2h30m`. */
export function formatOptionalDuration(durationMs: number | null): string {
  return orMissing(durationMs, formatDuration);
}

/** Core time, kept by the kernel in microseconds, such as `2h30m`. */
export function formatCpuTime(cpuUsageUsec: number | null): string {
  return orMissing(cpuUsageUsec, (usec) => formatDuration(usec / 1000));
}

/** A plain count. */
export function formatCount(count: number | null): string {
  return orMissing(count, String);
}

/** Wall-clock time of the node, to the second: `2026-11-01 08:00:05`. */
export function formatLocalTime(time: Date | null): string {
  return orMissing(time, (date) => localTime(date.getTime()));
}
