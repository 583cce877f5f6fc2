/// <reference lib="dom" />
/** A plot over time with a moment in it: stacked layers, lanes below them, marks on the axis. A click or the arrow keys hold the moment. */
import { Component, createRef, type VNode } from "preact";
import uPlot from "uplot";
import { html } from "./dom.ts";
import { Colours } from "./colours.ts";
import { cumulated, fillOf, layout, paint } from "./paint.ts";
import { lanesHeight, type PlotSpec } from "./spec.ts";
import { onTheme } from "./theme.ts";

/** What is shown, and who hears of the moment. */
export interface PlotProps {
  readonly spec: PlotSpec;
  readonly label: string;
  /** Reads out the moment; `index` is into the times of the spec. */
  readonly say: (index: number) => string;
  readonly onMoment: (index: number | null, isHeld: boolean) => void;
  /** The held moment, ms; null: none. */
  readonly heldMs: number | null;
}

const JUMP = 12;
const KEYS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -JUMP,
  PageDown: JUMP,
};

/** uPlot draws the layers, paint.ts the rest. */
export class Plot extends Component<PlotProps> {
  readonly #box = createRef<HTMLDivElement>();
  readonly #cross = createRef<HTMLDivElement>();
  #plot: uPlot | null = null;
  #shape = "";
  #width = 0;
  #hovered: number | null = null;
  #observer: ResizeObserver | null = null;
  #endTheme = () => {};

  override componentDidMount(): void {
    this.#observer = new ResizeObserver(() => this.#draw());
    this.#observer.observe(this.#box.current!);
    this.#endTheme = onTheme(() => {
      this.#shape = "";
      this.#draw();
    });
    this.#draw();
  }

  override componentDidUpdate(): void {
    this.#draw();
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
    this.#endTheme();
    this.#plot?.destroy();
  }

  render(): VNode {
    const { spec, label, say } = this.props;
    const index = this.#index();
    return html`
      <div
        class="plot"
        tabindex="0"
        role="slider"
        aria-label="${label}"
        aria-valuemin="0"
        aria-valuemax="${spec.timesMs.length - 1}"
        aria-valuenow="${index}"
        aria-valuetext="${say(index)}"
        onPointerMove="${this.#move}"
        onPointerLeave="${this.#leave}"
        onClick="${this.#click}"
        onKeyDown="${this.#key}"
      >
        <div class="plot-box" ref="${this.#box}"></div>
        <div class="cross" ref="${this.#cross}" hidden></div>
      </div>
    `;
  }

  #last(): number {
    return this.props.spec.timesMs.length - 1;
  }

  #heldIndex(): number | null {
    const { heldMs, spec } = this.props;
    if (heldMs === null) return null;
    const index = spec.timesMs.findIndex((ms) => ms >= heldMs);
    return index < 0 ? null : index;
  }

  #index(): number {
    return this.#heldIndex() ?? this.#hovered ?? this.#last();
  }

  #draw(): void {
    const box = this.#box.current!;
    const width = box.clientWidth;
    if (width === 0) return;
    const { spec } = this.props;
    const shape = [width, spec.height, ...spec.layers.map(({ key, colour }) => key + colour)].join(" ");
    if (this.#plot !== null && shape === this.#shape) this.#plot.setData(cumulated(spec));
    else this.#make(box, width);
    this.#shape = shape;
    this.#width = width;
    this.#showCross();
  }

  #make(box: HTMLElement, width: number): void {
    this.#plot?.destroy();
    const colours = new Colours(box);
    const { spec } = this.props;
    const options = layout(() => this.props.spec, colours);
    const series = spec.layers.map((layer) => ({
      stroke: () => colours.of("--surface"),
      width: 1,
      fill: (plot: uPlot) => fillOf(plot, layer, colours),
      points: { show: false },
    })).reverse();
    const hooks = { draw: [(plot: uPlot) => paint(plot, this.props.spec, colours)] };
    this.#plot = new uPlot({ ...options, width, series: [{}, ...series], hooks }, cumulated(spec), box);
  }

  #showCross(): void {
    const cross = this.#cross.current!;
    const index = this.#heldIndex() ?? this.#hovered;
    cross.hidden = index === null || this.#plot === null;
    if (index === null || this.#plot === null) return;
    const ratio = uPlot.pxRatio;
    const x = this.#plot.valToPos(this.props.spec.timesMs[index]!, "x") + this.#plot.bbox.left / ratio;
    cross.style.setProperty("--x", `${x.toFixed(1)}px`);
    cross.style.setProperty("--top", `${this.#plot.bbox.top / ratio}px`);
    cross.style.setProperty("--height", `${this.#plot.bbox.height / ratio + lanesHeight(this.props.spec)}px`);
  }

  #at(event: MouseEvent): number {
    const plot = this.#plot!;
    const left = event.clientX - plot.over.getBoundingClientRect().left;
    return plot.posToIdx(Math.min(plot.over.clientWidth, Math.max(0, left)));
  }

  readonly #move = (event: PointerEvent) => {
    if (this.#plot === null || this.props.heldMs !== null || event.pointerType === "touch") return;
    this.#hovered = this.#at(event);
    this.props.onMoment(this.#hovered, false);
    this.#showCross();
  };

  readonly #leave = () => {
    this.#hovered = null;
    if (this.props.heldMs === null) this.props.onMoment(null, false);
    this.#showCross();
  };

  /** Beside the held moment: holds that one; at it: lets go. */
  readonly #click = (event: MouseEvent) => {
    if (this.#plot === null) return;
    const index = this.#at(event);
    const held = this.#heldIndex();
    const isSame = held !== null && Math.abs(held - index) * this.#width / this.props.spec.timesMs.length < 8;
    if (isSame) this.#release();
    else this.props.onMoment(index, true);
  };

  #release(): void {
    this.#hovered = null;
    this.props.onMoment(null, false);
  }

  readonly #key = (event: KeyboardEvent) => {
    const step = KEYS[event.key];
    if (step !== undefined) {
      event.preventDefault();
      this.props.onMoment(Math.min(this.#last(), Math.max(0, this.#index() + step)), true);
    } else if (event.key === "Escape" && this.props.heldMs !== null) {
      event.stopPropagation();
      this.#release();
    }
  };
}
