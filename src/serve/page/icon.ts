/// <reference lib="dom" />
/** Signs of 12 px. A state is known by its shape. */
import type { VNode } from "preact";
import { classes, html } from "./dom.ts";

/** `f` is filled, `l` is a line, `c` is cut out of what is below it. */
const SHAPES = {
  dot: { f: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z" },
  ring: { l: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z" },
  half: { l: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", f: "M6 2a4 4 0 0 1 0 8z" },
  contrast: { l: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1z", f: "M6 1a5 5 0 0 1 0 10z" },
  pause: { f: "M3 2h2v8H3zM7 2h2v8H7z" },
  clock: { l: "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1zM6 3.2V6l2 1.4" },
  check: { l: "m2 6.4 3 3 5-6.8" },
  cross: { l: "m2.2 2.2 7.6 7.600m0-7.6-7.6 7.6" },
  triangle: { f: "M6 .8 11.6 11H.4z" },
  octagon: { f: "M3.5 0h5L12 3.500v5L8.5 12h-5L0 8.500v-5z", c: "m4 4 4 4m0-4L4 8" },
  square: { f: "M2 2h8v8H2z" },
  dash: { l: "M2 6h8" },
} as const;

/** A shape of this file. */
export type IconName = keyof typeof SHAPES;

interface Shape {
  readonly f?: string;
  readonly l?: string;
  readonly c?: string;
}

/** Beside the word that it repeats, so a reader of the screen skips it. */
export function icon(name: IconName, tone: string | false = false): VNode {
  const { f, l, c }: Shape = SHAPES[name];
  return html`
    <svg class="${classes("i", tone)}" viewBox="0 0 12 12" aria-hidden="true">${l &&
      html`
        <path d="${l}" />
      `}${f && html`
      <path class="f" d="${f}" />
    `}${c && html`
      <path class="c" d="${c}" />
    `}</svg>
  `;
}

/** The same shapes for a canvas. */
export function shapeOf(name: IconName): Shape {
  return SHAPES[name];
}
