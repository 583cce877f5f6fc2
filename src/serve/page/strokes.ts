/// <reference lib="dom" />
/** Strokes on the canvas of a plot, in CSS pixels. */
import type { Colours } from "./colours.ts";
import { shapeOf } from "./icon.ts";
import { type Lane, laneHeight, LANES, lanesHeight, type Layer, type Mark, type PlotSpec } from "./spec.ts";

/** Where to draw, and where a time and a value are on it. */
export interface Canvas {
  readonly ctx: CanvasRenderingContext2D;
  readonly colours: Colours;
  readonly frame: { left: number; top: number; width: number; height: number };
  readonly x: (ms: number) => number;
  readonly y: (value: number) => number;
}

const LABEL_HEIGHT = 13;

/** The name of a layer stands where the layer is thickest, if it has room anywhere. */
export function paintLabels(canvas: Canvas, spec: PlotSpec): void {
  const { ctx, colours } = canvas;
  let below = spec.timesMs.map(() => 0);
  ctx.font = `500 ${colours.font}`;
  for (const layer of spec.layers) {
    const above = below.map((sum, index) => sum + (layer.values[index] ?? 0));
    const place = layer.label === "" ? null : roomiest(canvas, spec, { layer, below, above });
    if (place !== null) halo(canvas, layer.label, place);
    below = above;
  }
  ctx.font = colours.font;
}

/** Middle of the widest place that the words fit into. */
function roomiest(
  { ctx, x, y }: Canvas,
  { timesMs }: PlotSpec,
  { layer, below, above }: { layer: Layer; below: number[]; above: number[] },
): { x: number; y: number } | null {
  const stepPx = timesMs.length < 2 ? 0 : x(timesMs[1]!) - x(timesMs[0]!);
  const reach = Math.ceil((ctx.measureText(layer.label).width + 12) / 2 / Math.max(stepPx, 0.1));
  let best = { height: LABEL_HEIGHT, at: null as { x: number; y: number } | null };
  const strideAt = Math.max(1, Math.round(reach / 4));
  for (let index = reach; index < timesMs.length - reach; index += strideAt) {
    const span = Array.from({ length: 2 * reach + 1 }, (_, offset) => index - reach + offset);
    const top = Math.max(...span.map((at) => y(above[at]!)));
    const bottom = Math.min(...span.map((at) => y(below[at]!)));
    if (bottom - top > best.height) {
      best = { height: bottom - top, at: { x: x(timesMs[index]!), y: (top + bottom) / 2 } };
    }
  }
  return best.at;
}

function halo({ ctx, colours }: Canvas, text: string, at: { x: number; y: number }): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 3;
  ctx.strokeStyle = colours.of("--surface");
  ctx.strokeText(text, at.x, at.y);
  ctx.fillStyle = colours.of("--text");
  ctx.fillText(text, at.x, at.y);
}

/** Dashed, with its words above. */
export function paintLimits({ ctx, colours, frame, y }: Canvas, { limits }: PlotSpec): void {
  for (const { value, text, atLeft } of limits) {
    const at = Math.round(y(value)) + 0.5;
    ctx.strokeStyle = colours.of("--mark");
    ctx.lineWidth = 1.5;
    ctx.setLineDash([6, 4]);
    line(ctx, [frame.left, at], [frame.left + frame.width, at]);
    ctx.setLineDash([]);
    write(ctx, text, {
      colour: colours.of("--text2"),
      align: atLeft ? "left" : "right",
      x: atLeft ? frame.left + 8 : frame.left + frame.width,
      y: at - 9,
    });
  }
}

/** Below the axis of the layers, one under another. */
export function paintLanes(canvas: Canvas, spec: PlotSpec): void {
  const { ctx, colours, frame } = canvas;
  let top = frame.top + frame.height + LANES;
  for (const lane of spec.lanes) {
    const { gap, height } = laneHeight(lane);
    top += gap;
    if (lane.kind === "heat") paintHeat(canvas, spec, { lane, top, height });
    else paintArea(canvas, spec, { lane, top, height });
    top += height;
    ctx.strokeStyle = colours.of("--line");
    ctx.lineWidth = 1;
    line(ctx, [frame.left, Math.round(top) + 0.5], [frame.left + frame.width, Math.round(top) + 0.5]);
  }
}

interface Placed {
  readonly lane: Lane;
  readonly top: number;
  readonly height: number;
}

/** The darker, the more tasks waited. */
function paintHeat(
  { ctx, colours, frame, x }: Canvas,
  { timesMs }: PlotSpec,
  { lane, top, height }: Placed,
): void {
  const muted = colours.of("--text3");
  write(ctx, lane.label, { colour: muted, align: "right", x: frame.left - 8, y: top + height / 2 + 0.5 });
  ctx.fillStyle = colours.of("--text");
  for (let index = 1; index < timesMs.length; index++) {
    const share = Math.min(1, (lane.values[index] ?? 0) / lane.max);
    if (share < 0.03) continue;
    ctx.globalAlpha = share * 0.85;
    const [from, to] = [x(timesMs[index - 1]!), x(timesMs[index]!)];
    ctx.fillRect(from, top, to - from + 0.3, height);
  }
  ctx.globalAlpha = 1;
}

function paintArea(
  { ctx, colours, frame, x }: Canvas,
  { timesMs }: PlotSpec,
  { lane, top, height }: Placed,
): void {
  const muted = colours.of("--text3");
  write(ctx, lane.label, { colour: muted, align: "left", x: frame.left + 8, y: top - 9 });
  write(ctx, lane.top, { colour: muted, align: "right", x: frame.left - 8, y: top + 6 });
  const bottom = top + height;
  ctx.beginPath();
  ctx.moveTo(x(timesMs[0] ?? 0), bottom);
  for (const [index, ms] of timesMs.entries()) {
    ctx.lineTo(x(ms), bottom - height * Math.min(1, (lane.values[index] ?? 0) / lane.max));
  }
  ctx.lineTo(x(timesMs.at(-1) ?? 0), bottom);
  ctx.fillStyle = colours.of("--other");
  ctx.globalAlpha = 0.5;
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** Hatches the time of which nothing is known. */
export function paintStale(
  { ctx, colours, frame, x }: Canvas,
  stale: { fromMs: number; text: string },
): void {
  const left = Math.max(frame.left, x(stale.fromMs));
  const right = frame.left + frame.width;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, frame.top, right - left, frame.height);
  ctx.clip();
  ctx.strokeStyle = colours.of("--line2");
  ctx.lineWidth = 2;
  for (let at = left - frame.height; at < right; at += 8) {
    line(ctx, [at, frame.top], [at + frame.height, frame.top + frame.height]);
  }
  ctx.restore();
  write(ctx, stale.text, { colour: colours.of("--att"), align: "right", x: left - 8, y: frame.top + 14 });
}

/** What is broken gets its words first; a mark without room for them keeps its sign. */
export function paintMarks(canvas: Canvas, spec: PlotSpec): void {
  const { ctx, frame, x } = canvas;
  const y = frame.top + frame.height + lanesHeight(spec) + 32;
  const right = frame.left + frame.width;
  const taken: [number, number][] = [];
  const byWeight = [...spec.marks].sort((a, b) => Number(b.tone === "bad") - Number(a.tone === "bad"));
  for (const mark of byWeight) {
    const at = x(mark.atMs);
    if (at < frame.left - 1 || at > right + 1) continue;
    const width = ctx.measureText(mark.text).width + 14;
    const isFree = ([from, to]: [number, number]) =>
      from > 0 && to < right + 14 && !taken.some(([left, right]) => left < to && right > from);
    const sides: [number, number][] = [[at - 8, at + width], [at - width, at + 8]];
    const side = sides.find(isFree) ?? null;
    taken.push(side ?? [at - 8, at + 8]);
    paintMark(canvas, mark, { at, y, side: side === null ? null : side === sides[0] ? "right" : "left" });
  }
}

function paintMark(
  { ctx, colours, frame }: Canvas,
  { icon, text, tone }: Mark,
  { at, y, side }: { at: number; y: number; side: "left" | "right" | null },
): void {
  const colour = colours.of(tone === "quiet" ? "--text2" : `--${tone}`);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.globalAlpha = 0.45;
  const from = tone === "quiet" ? frame.top + frame.height - 8 : frame.top;
  line(ctx, [Math.round(at) + 0.5, from], [Math.round(at) + 0.5, y - 7]);
  ctx.globalAlpha = 1;
  sign({ ctx, colours }, icon, { x: at, y, colour });
  if (side === "right") write(ctx, text, { colour, align: "left", x: at + 9, y: y + 0.5 });
  if (side === "left") write(ctx, text, { colour, align: "right", x: at - 9, y: y + 0.5 });
}

function sign(
  { ctx, colours }: Pick<Canvas, "ctx" | "colours">,
  icon: Mark["icon"],
  { x, y, colour }: { x: number; y: number; colour: string },
): void {
  const { f, l, c } = shapeOf(icon);
  ctx.save();
  ctx.translate(x - 5, y - 5);
  ctx.scale(10 / 12, 10 / 12);
  ctx.lineWidth = 1.6;
  ctx.fillStyle = ctx.strokeStyle = colour;
  if (f !== undefined) ctx.fill(new Path2D(f));
  if (l !== undefined) ctx.stroke(new Path2D(l));
  ctx.strokeStyle = colours.of("--surface");
  if (c !== undefined) ctx.stroke(new Path2D(c));
  ctx.restore();
}

function write(
  ctx: CanvasRenderingContext2D,
  text: string,
  { colour, align, x, y }: { colour: string; align: CanvasTextAlign; x: number; y: number },
): void {
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

function line(ctx: CanvasRenderingContext2D, from: [number, number], to: [number, number]): void {
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}
