/// <reference lib="dom" />
/** The plot comes after the first paint: uPlot is half of the page. */
import { Component, type VNode } from "preact";
import { html } from "./dom.ts";
import type { Plot as LoadedPlot, PlotProps } from "./plot.ts";
import { heightOf } from "./spec.ts";

export class Plot extends Component<PlotProps, { loaded: typeof LoadedPlot | null }> {
  override state: { loaded: typeof LoadedPlot | null } = { loaded: null };

  override componentDidMount(): void {
    import("./plot.ts").then(({ Plot }) => this.setState({ loaded: Plot }));
  }

  render(): VNode {
    const { loaded } = this.state;
    const { spec } = this.props;
    return loaded === null
      ? html`
        <div class="plot" style="${{ "--h": `${heightOf(spec)}px` }}"></div>
      `
      : html`
        <${loaded} ...${this.props} />
      `;
  }
}
