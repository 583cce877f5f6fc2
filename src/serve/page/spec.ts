/** What a plot shows. */
import type { Clock } from "./format.ts";
import type { IconName } from "./icon.ts";

/** One job's or one kind's share of the stack. */
export interface Layer {
  readonly key: string;
  readonly label: string;
  /** Custom property of app.css. */
  readonly colour: string;
  readonly isHatched: boolean;
  readonly values: readonly (number | null)[];
}

/** A figure of its own below the stack. */
export interface Lane {
  readonly kind: "heat" | "area";
  readonly label: string;
  readonly top: string;
  readonly max: number;
  readonly values: readonly (number | null)[];
}

/** Something that happened, on the axis. */
export interface Mark {
  readonly atMs: number;
  readonly text: string;
  readonly icon: IconName;
  readonly tone: "quiet" | "att" | "bad";
}

/** A plot as data: who draws it needs nothing else. */
export interface PlotSpec {
  readonly timesMs: readonly number[];
  /** The lowest first. */
  readonly layers: readonly Layer[];
  readonly max: number;
  readonly unit: "bytes" | "cores";
  readonly limits: readonly { value: number; text: string; atLeft: boolean }[];
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
  /** Of the layers alone, px. */
  readonly height: number;
  /** Since when nothing is known, and the words for it. */
  readonly stale: { fromMs: number; text: string } | null;
  readonly clock: Clock;
}

/** Margins around the layers, px. */
export const LEFT = 56;
/** Room for half a word of time. */
export const RIGHT = 16;
/** Room for the words of a limit. */
export const TOP = 20;

/** Between the axis and the lanes: its 0 and their first word do not touch. */
export const LANES = 6;

/** Of a lane, and of the words above it, px. */
export function laneHeight({ kind }: Lane): { gap: number; height: number } {
  return kind === "heat" ? { gap: 4, height: 12 } : { gap: 22, height: 26 };
}

/** Of all lanes together, px. */
export function lanesHeight(spec: PlotSpec): number {
  const sum = spec.lanes.map(laneHeight).reduce((total, { gap, height }) => total + gap + height, 0);
  return sum + (sum > 0 ? LANES : 0);
}

const AXIS = 24;
const MARKS = 20;

/** Of what is below the layers: lanes, times, marks. */
export function footHeight(spec: PlotSpec): number {
  return lanesHeight(spec) + AXIS + (spec.marks.length > 0 ? MARKS : 4);
}

/** Of the whole plot. */
export function heightOf(spec: PlotSpec): number {
  return TOP + spec.height + footHeight(spec);
}
