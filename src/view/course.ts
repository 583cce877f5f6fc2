/** A job's memory and CPU over time, for `corral show`. Pure. */
import type { Sample } from "../job/usage.ts";
import {
  type ChartOptions,
  type ChartPoint,
  columnPeaks,
  columnRates,
  drawChart,
  MIN_POINTS,
} from "./chart.ts";
import { formatOptionalBytes, formatPercent } from "../value/units.ts";

const COLUMNS = 60;
const ROWS = 6;
const USEC_PER_MS = 1000;

/** The lines of both charts with a title each, or none: for what the kernel does not tell, and a job that was too short. */
export function drawCourse(samples: readonly Sample[], { blocks }: { blocks: boolean }): string[] {
  const size = { columns: COLUMNS, rows: ROWS, blocks };
  const memory = pointsOf(samples, "memoryBytes");
  const cpu = pointsOf(samples, "cpuUsageUsec");
  return [
    ...titled("memory", memory, (points) => columnPeaks(points, COLUMNS), {
      ...size,
      format: formatOptionalBytes,
    }),
    ...titled("cpu", cpu, (points) => columnRates(points, COLUMNS).map((rate) => rate / USEC_PER_MS * 100), {
      ...size,
      format: formatPercent,
    }),
  ];
}

function titled(
  title: string,
  points: ChartPoint[],
  valuesOf: (points: ChartPoint[]) => number[],
  options: ChartOptions,
): string[] {
  const endMs = points.at(-1)?.offsetMs ?? 0;
  if (points.length < MIN_POINTS || endMs === 0) return [];
  return [title, ...drawChart(valuesOf(points), endMs, options).map((line) => `  ${line}`)];
}

function pointsOf(samples: readonly Sample[], figure: "memoryBytes" | "cpuUsageUsec"): ChartPoint[] {
  return samples.flatMap((sample) => {
    const value = sample[figure];
    return value === null ? [] : [{ offsetMs: sample.offsetMs, value }];
  });
}
