/** Where an axis has its words. Pure. */
import type { Clock } from "./format.ts";
import { bytes } from "./format.ts";

const MINUTE_MS = 60_000;
const TIME_STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080].map((minutes) =>
  minutes * MINUTE_MS
);
const NICE = [1, 2, 2.5, 5, 10];
/** Room for a time and the space beside it, px. */
const TIME_WIDTH = 72;

/** What decides where the words of the axis stand. */
export interface TickedAxis {
  readonly max: number;
  readonly unit: "bytes" | "cores";
  readonly height: number;
  readonly limits: readonly { value: number }[];
}

/** From 0 in even steps; none so near to a limit that their words would touch. */
export function ticks({ max, unit, height, limits }: TickedAxis): { values: number[]; texts: string[] } {
  const scale = unit === "bytes" ? 1024 ** Math.max(0, Math.floor(Math.log2(max) / 10)) : 1;
  const step = niceStep(max / scale / Math.max(2, Math.round(height / 64))) * scale;
  const values: number[] = [];
  for (let value = 0; value <= max * 1.0001; value += step) {
    if (limits.every((limit) => Math.abs(limit.value - value) / max * height > 14)) values.push(value);
  }
  return { values, texts: values.map((value) => textOf(value, unit, scale)) };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * (NICE.find((nice) => nice * power >= rough) ?? 10);
}

function textOf(value: number, unit: "bytes" | "cores", scale: number): string {
  if (value === 0) return "0";
  if (unit === "cores") return String(Number(value.toFixed(2)));
  return `${Number((value / scale).toFixed(1))}${bytes(scale).replace(/[\d.]+/, "")}`;
}

/** At full hours of the node's zone where the span allows it; midnight is its date. */
export function timeTicks(
  { timesMs, clock }: { timesMs: readonly number[]; clock: Clock },
  widthPx: number,
): { atMs: number; text: string }[] {
  const [fromMs, toMs] = [timesMs[0], timesMs.at(-1)];
  if (fromMs === undefined || toMs === undefined || toMs <= fromMs || widthPx <= 0) return [];
  const stepMs = TIME_STEPS_MS.find((step) => step / (toMs - fromMs) * widthPx >= TIME_WIDTH) ??
    toMs - fromMs;
  const offsetMs = clock.offsetMs(fromMs);
  const marginMs = 20 / widthPx * (toMs - fromMs);
  const found: { atMs: number; text: string }[] = [];
  for (
    let local = Math.ceil((fromMs + offsetMs) / stepMs) * stepMs;
    local <= toMs + offsetMs;
    local += stepMs
  ) {
    const atMs = local - offsetMs;
    if (atMs - fromMs < marginMs || toMs - atMs < marginMs) continue;
    found.push({
      atMs,
      text: stepMs >= 1440 * MINUTE_MS ? clock.short(atMs, 0).slice(0, -6) : clock.short(atMs, atMs),
    });
  }
  return found;
}
