/// <reference lib="dom" />
/** Bars: use against a limit. The mark at the end is the limit; without one the track is dotted. */
import type { VNode } from "preact";
import { classes, html } from "./dom.ts";

/** What differs between bars. */
export interface BarLook {
  /** Cores, time, tasks: to be near the limit does no harm. */
  readonly harmless?: boolean;
  readonly isTall?: boolean;
  readonly noMark?: boolean;
  readonly peak?: number | null;
  readonly high?: number | null;
}

/** Above these shares of a limit that kills, a user should look. */
export const NEAR = 0.9;
const FULL = 0.995;

/** An unknown use is an empty bar, no limit a dotted one. */
export function bar(used: number | null, limit: number | null, look: BarLook = {}): VNode {
  if (limit === null || limit <= 0) {
    return html`
      <span class="${classes("bar", "free", look.isTall && "tall")}" title="no limit"></span>
    `;
  }
  const share = (used ?? 0) / limit;
  const tone = look.harmless ? "calm" : share >= FULL ? "full" : share >= NEAR && "near";
  return html`
    <span class="${classes("bar", tone, look.isTall && "tall")}"><i style="${at("--v", share)}"></i>${mark(
      "high",
      look.high,
      limit,
    )}${mark("peak", look.peak, limit)}${!look.noMark &&
      html`
        <s></s>
      `}</span>
  `;
}

/** Used, and hatched what is reserved beyond it. `markAt`: where no job may reach, as a share. */
export function reservedBar(
  { used, reserved, limit, markAt = 1 }: {
    used: number | null;
    reserved: number;
    limit: number | null;
    markAt?: number;
  },
): VNode {
  if (limit === null || limit <= 0) {
    return html`
      <span class="bar tall free"></span>
    `;
  }
  return html`
    <span class="bar tall reserve">${reserved > 0 &&
      html`
        <b style="${at("--v", reserved / limit)}"></b>
      `}<i style="${at("--v", (used ?? 0) / limit)}"></i><s style="${at("--m", markAt)}"></s></span>
  `;
}

function mark(kind: string, value: number | null | undefined, limit: number): VNode | null {
  if (value === null || value === undefined || value <= 0) return null;
  return html`
    <s class="${kind}" style="${at("--m", value / limit)}"></s>
  `;
}

function at(property: string, share: number): Record<string, string> {
  return { [property]: `${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}%` };
}

/** The last hour as a line, from 0. */
export function spark(values: readonly number[]): VNode | null {
  if (values.length < 2) {
    return html`
      <svg class="spark"></svg>
    `;
  }
  const top = Math.max(...values) * 1.05 || 1;
  const points = values.map((value, index) =>
    `${(index * 64 / (values.length - 1)).toFixed(1)} ${(15 - 14 * value / top).toFixed(1)}`
  );
  return html`
    <svg class="spark" viewBox="0 0 64 16" aria-hidden="true"><path d="${`M${points.join("L")}`}" /></svg>
  `;
}
