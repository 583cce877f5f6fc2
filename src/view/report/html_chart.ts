/** Bar charts as inline SVG, drawn here: without scripts they are the same. Pure. */
import { orMissing } from "../../value/units.ts";

/** Figures over time. */
export interface Chart {
  readonly title: string;
  /** One for each bar. */
  readonly labels: readonly string[];
  /** Stacked. A null is unknown and draws nothing. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  readonly show: (value: number) => string;
}

const WIDTH = 720;
const HEIGHT = 130;
const TOP = 14;
const BOTTOM = 18;
const MAX_BAR_WIDTH = 48;
const GAP_SHARE = 0.2;

/** A figure with its caption; each bar tells its numbers when it is pointed at. Without bars, nothing. */
export function barChart({ title, labels, series, show }: Chart): string {
  const tallest = Math.max(0, ...labels.map((_, index) => total(series, index)));
  if (labels.length === 0) return "";
  const step = Math.min(MAX_BAR_WIDTH, WIDTH / labels.length);
  const scale = tallest === 0 ? 0 : (HEIGHT - TOP - BOTTOM) / tallest;
  const bars = labels.map((label, index) => {
    const values = series.map(({ name, values }) => ({ name, value: values[index] ?? null }));
    const x = round(index * step + step * GAP_SHARE / 2);
    return `<g>${stack(values, { x, width: round(step * (1 - GAP_SHARE)), scale })}<rect class="hit" x="${
      round(index * step)
    }" y="0" width="${round(step)}" height="${HEIGHT - BOTTOM}"><title>${
      escapeHtml(`${label}: ${tooltip(values, show)}`)
    }</title></rect></g>`;
  });
  const legend = series.length < 2
    ? ""
    : ` <span>${
      series.map(({ name }, index) => `<i class="s${index}"></i>${escapeHtml(name)}`).join(" ")
    }</span>`;
  return `<figure>
<figcaption>${escapeHtml(title)}${legend}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">
<line x1="0" y1="${HEIGHT - BOTTOM}" x2="${WIDTH}" y2="${
    HEIGHT - BOTTOM
  }"/><line class="top" x1="0" y1="${TOP}" x2="${WIDTH}" y2="${TOP}"/>
<text x="${WIDTH}" y="${TOP - 3}" text-anchor="end">${escapeHtml(show(tallest))}</text>
${bars.join("\n")}
${axis(labels, step)}
</svg>
</figure>`;
}

interface Place {
  readonly x: number;
  readonly width: number;
  /** Of the drawing's units, for one of the figure's. */
  readonly scale: number;
}

function stack(values: readonly { value: number | null }[], { x, width, scale }: Place): string {
  let y = HEIGHT - BOTTOM;
  return values.map(({ value }, index) => {
    if (value === null || value === 0) return "";
    const height = value * scale;
    y -= height;
    return `<rect class="s${index}" x="${x}" y="${round(y)}" width="${width}" height="${round(height)}"/>`;
  }).join("");
}

function tooltip(
  values: readonly { name: string; value: number | null }[],
  show: (value: number) => string,
): string {
  const isAlone = values.length === 1;
  return values.map(({ name, value }) => `${orMissing(value, show)}${isAlone ? "" : ` ${name}`}`).join(", ");
}

/** The first label, the last, and one between them where there is room. */
function axis(labels: readonly string[], step: number): string {
  const y = HEIGHT - 4;
  const last = labels.length - 1;
  const middle = Math.floor(last / 2);
  const text = (index: number, anchor: string, x: number) =>
    `<text x="${round(x)}" y="${y}" text-anchor="${anchor}">${escapeHtml(labels[index]!)}</text>`;
  const first = text(0, "start", 0);
  const right = Math.min(WIDTH, labels.length * step);
  if (right < WIDTH / 3) return last === 0 ? first : first + text(last, "start", Math.max(right, 110));
  return first + (last > 3 ? text(middle, "middle", (middle + 0.5) * step) : "") + text(last, "end", right);
}

function total(series: Chart["series"], index: number): number {
  return series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0);
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

/** Text that is nothing but text, between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  )
    .replaceAll("'", "&#39;");
}
