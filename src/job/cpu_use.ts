/** CPU use as the growth of a counter between two readings of it. Pure. */

/** CPU time that a job had used by a moment of CLOCK_BOOTTIME. */
export interface CpuReading {
  readonly bootMs: number;
  readonly cpuUsageUsec: number;
}

/** In percent of one core, to a tenth; null without both readings, or with no time between them. */
export function cpuPercent(from: CpuReading | null, to: CpuReading | null): number | null {
  if (from === null || to === null) return null;
  const [spanMs, usedUsec] = [to.bootMs - from.bootMs, to.cpuUsageUsec - from.cpuUsageUsec];
  // A counter that fell is not the same counter any more.
  if (spanMs <= 0 || usedUsec < 0) return null;
  return Math.round(usedUsec / spanMs) / 10;
}
