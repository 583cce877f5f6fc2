/// <reference lib="dom" />
/** What a plot shows, and how it is painted onto uPlot's canvas: axes, hatches, names of layers, lanes, marks. */
import uPlot from "uplot";
import { ticks, timeTicks } from "./tick.ts";
import { paintLabels, paintLanes, paintLimits, paintMarks, paintStale } from "./strokes.ts";
import type { Colours } from "./colours.ts";
import { footHeight, heightOf, lanesHeight, type Layer, LEFT, type PlotSpec, RIGHT, TOP } from "./spec.ts";

/** uPlot's options but the series; the spec is asked for at each drawing. */
export function layout(
  specNow: () => PlotSpec,
  colours: Colours,
): Omit<uPlot.Options, "series" | "width"> {
  const lanes = lanesHeight(specNow());
  const common = { stroke: () => colours.of("--text3"), font: colours.font, ticks: { show: false } };
  const grid = { stroke: () => colours.of("--line"), width: 1 };
  const y: uPlot.Axis = {
    ...common,
    ...{ size: LEFT, gap: 8, grid },
    splits: () => ticks(specNow()).values,
    values: () => ticks(specNow()).texts,
  };
  const x: uPlot.Axis = {
    ...common,
    ...{ size: footHeight(specNow()), gap: lanes + 6, grid: { show: false } },
    splits: (plot) =>
      timeTicks(specNow(), plot.over.clientWidth || plot.width - LEFT - RIGHT).map(({ atMs }) => atMs),
    values: (plot) =>
      timeTicks(specNow(), plot.over.clientWidth || plot.width - LEFT - RIGHT).map(({ text }) => text),
  };
  return {
    height: heightOf(specNow()),
    ms: 1 as const,
    padding: [TOP, RIGHT, 0, 0] as uPlot.Padding,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: () => spanOf(specNow()) },
      y: { range: () => [0, specNow().max] as uPlot.Range.MinMax },
    },
    axes: [x, y],
  };
}

function spanOf({ timesMs }: PlotSpec): uPlot.Range.MinMax {
  return [timesMs[0] ?? 0, Math.max(timesMs.at(-1) ?? 1, (timesMs[0] ?? 0) + 1)];
}

/** Times, then the sums of the layers, the highest first: each is filled down to the axis and covered by the next. */
export function cumulated({ timesMs, layers }: PlotSpec): uPlot.AlignedData {
  const isKnown = timesMs.map((_, index) => layers.some(({ values }) => values[index] != null));
  let below = timesMs.map(() => 0);
  const sums = layers.map(({ values }) => {
    below = below.map((sum, index) => sum + (values[index] ?? 0));
    return below.map((sum, index) => isKnown[index] ? sum : null);
  });
  return [[...timesMs], ...sums.reverse()];
}

/** A colour, or lines of it on the ground of the panel. */
export function fillOf({ ctx }: uPlot, layer: Layer, colours: Colours): string | CanvasPattern {
  const colour = colours.of(layer.colour);
  if (!layer.isHatched) return colour;
  const size = Math.round(6 * uPlot.pxRatio);
  const tile = new OffscreenCanvas(size, size);
  const brush = tile.getContext("2d")!;
  brush.fillStyle = colours.of(layer.colour === "--other" ? "--sunk" : "--surface");
  brush.fillRect(0, 0, size, size);
  brush.strokeStyle = colour;
  brush.lineWidth = size / 3.4;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift - 1, size + 1);
    brush.lineTo(shift + size + 1, -1);
  }
  brush.stroke();
  return ctx.createPattern(tile, "repeat") ?? colour;
}

/** Everything that uPlot does not know, in CSS pixels. */
export function paint(plot: uPlot, spec: PlotSpec, colours: Colours): void {
  const { ctx } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.scale(ratio, ratio);
  ctx.font = colours.font;
  const frame = {
    left: plot.bbox.left / ratio,
    top: plot.bbox.top / ratio,
    width: plot.bbox.width / ratio,
    height: plot.bbox.height / ratio,
  };
  const x = (ms: number) => frame.left + plot.valToPos(ms, "x");
  const y = (value: number) => frame.top + plot.valToPos(value, "y");
  const canvas = { ctx, colours, frame, x, y };
  paintLabels(canvas, spec);
  paintLimits(canvas, spec);
  paintLanes(canvas, spec);
  if (spec.stale !== null) paintStale(canvas, spec.stale);
  paintMarks(canvas, spec);
  ctx.restore();
}
