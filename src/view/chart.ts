/** A course over time as a small text chart. Pure. */
import { formatDuration } from "../value/duration.ts";

/** A value that held, or was reached, at a moment. */
export interface ChartPoint {
  offsetMs: number;
  value: number;
}

/** How a chart looks. */
export interface ChartOptions {
  columns: number;
  rows: number;
  /** Block elements of Unicode; otherwise ASCII. */
  blocks: boolean;
  /** The value at the top of the axis, in words. */
  format: (value: number) => string;
}

/** Fewer points than this are no course. */
export const MIN_POINTS = 3;
const BLOCKS = " ▁▂▃▄▅▆▇█";
const ASCII = " .:#";
const AXIS = { blocks: { side: "┤", foot: "└", line: "─" }, ascii: { side: "|", foot: "+", line: "-" } };

/** One value for each column: the highest of the points in it; where there is none, on the straight line from one to the next. */
export function columnPeaks(points: readonly ChartPoint[], columns: number): number[] {
  const endMs = points.at(-1)!.offsetMs;
  return Array.from({ length: columns }, (_, column) => {
    const [fromMs, toMs] = [endMs * column / columns, endMs * (column + 1) / columns];
    const inside = points.filter(({ offsetMs }) => offsetMs > fromMs && offsetMs <= toMs);
    const highest = Math.max(...inside.map(({ value }) => value));
    return inside.length > 0 ? highest : valueAt(points, (fromMs + toMs) / 2);
  });
}

/** The launch itself takes some milliseconds of CPU time, counted before the job's first: not to be spread over a start as short. */
const LAUNCH_MS = 100;

/** From a counter that began at 0 to what it grew by per millisecond in each column. */
export function columnRates(points: readonly ChartPoint[], columns: number): number[] {
  const counter = points[0]!.offsetMs < LAUNCH_MS ? points : [{ offsetMs: 0, value: 0 }, ...points];
  const widthMs = points.at(-1)!.offsetMs / columns;
  return Array.from({ length: columns }, (_, column) => {
    const grown = valueAt(counter, widthMs * (column + 1)) - valueAt(counter, widthMs * column);
    return Math.max(0, grown / widthMs);
  });
}

function valueAt(points: readonly ChartPoint[], offsetMs: number): number {
  const next = points.findIndex((point) => point.offsetMs >= offsetMs);
  if (next < 0) return points.at(-1)!.value;
  const [before, after] = [points[next - 1], points[next]!];
  if (before === undefined) return after.value;
  const share = (offsetMs - before.offsetMs) / (after.offsetMs - before.offsetMs);
  return before.value + share * (after.value - before.value);
}

/** The lines: values from 0 to their highest against an axis, and below it the time from 0 to `endMs`. */
export function drawChart(values: readonly number[], endMs: number, options: ChartOptions): string[] {
  const top = Math.max(...values);
  const labels = [options.format(top), options.format(0)];
  const margin = Math.max(...labels.map((label) => label.length));
  const glyphs = options.blocks ? BLOCKS : ASCII;
  const { side, foot, line } = options.blocks ? AXIS.blocks : AXIS.ascii;
  const steps = values.map((value) => stepsOf(value, top, options.rows * (glyphs.length - 1)));
  const rows = Array.from({ length: options.rows }, (_, row) => {
    const floor = (options.rows - 1 - row) * (glyphs.length - 1);
    const cells = steps.map((step) => glyphs[Math.min(glyphs.length - 1, Math.max(0, step - floor))]);
    return `${(row === 0 ? labels[0]! : "").padStart(margin)} ${side}${cells.join("")}`.trimEnd();
  });
  const end = formatDuration(endMs);
  return [
    ...rows,
    `${labels[1]!.padStart(margin)} ${foot}${line.repeat(values.length)}`,
    `${" ".repeat(margin + 2)}0s${end.padStart(values.length - 2)}`,
  ];
}

/** Something is never drawn as nothing. */
function stepsOf(value: number, top: number, most: number): number {
  return value <= 0 || top <= 0 ? 0 : Math.max(1, Math.round(value / top * most));
}
