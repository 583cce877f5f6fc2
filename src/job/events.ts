/** What is written to the store besides the jobs themselves. */
import type { Phase } from "./job.ts";
import type { Sample } from "./usage.ts";

/** An act or decision, as it is kept: append-only. */
export interface StoredEvent {
  atMs: number;
  /** Who: run, kill, set, freeze, thaw. */
  actor: string;
  kind: string;
  detail: Record<string, unknown>;
}

/** The same moment by both clocks: since the epoch, for people, and CLOCK_BOOTTIME, for reckoning; in milliseconds. */
export interface Moment {
  wallMs: number;
  bootMs: number;
  /** Of the boot that `bootMs` counts from, where that matters. */
  bootId?: string;
}

/** How a job ended, to be written once. */
export interface Ending extends Omit<Extract<Phase, { state: "ended" }>, "state" | "run"> {
  /** The job's course; absent without new samples, and what is recorded stays. */
  samples?: readonly Sample[];
}
