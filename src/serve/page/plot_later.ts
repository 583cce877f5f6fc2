/// <reference lib="dom" />
/** The plot comes after the first paint: uPlot is half of the page. Its place is kept. */
import { html } from "./dom.ts";
import { later } from "./later.ts";
import type { PlotProps } from "./plot.ts";
import { heightOf } from "./spec.ts";

/** As `Plot` of plot.ts. */
export const Plot = later<PlotProps>(
  async () => (await import("./plot.ts")).Plot,
  ({ spec }) =>
    html`
      <div class="plot" style="${{ "--h": `${heightOf(spec)}px` }}"></div>
    `,
);
