/**
 * Whether the wall clock is right enough to drop for good what is old by it. A node that comes up with a bad battery, or whose clock was
 * set by mistake, shows a year that is not: one reading of it must not be the end of every record.
 */
import type { Node } from "./node.ts";
import { formatDuration } from "../value/duration.ts";
import type { JobStore } from "../store/jobs.ts";

const DAY_MS = 86_400_000;
/** How far ahead of the newest record a clock that nothing sets may be: a node is idle over a weekend. */
const AHEAD_MS = 2 * DAY_MS;
/** How far the wall clock may have moved against CLOCK_BOOTTIME since this boot's jobs were started. */
const STEP_MS = DAY_MS;
/** By then a clock that comes from the network has been set. */
export const SETTLED_MS = 3_600_000;

/** What is looked at. */
export interface ClockFacts {
  wallMs: number;
  bootMs: number;
  /** The kernel's word that something keeps it right (adjtimex(2)). */
  isSynchronised: boolean;
  /** The latest time in the records; null without any. */
  newestMs: number | null;
  /** Wall clock less CLOCK_BOOTTIME at the starts of this boot's last jobs. */
  offsetsMs: readonly number[];
}

/** Why the clock is not believed, as a clause; null when it is. Pure. */
export function doubt({ wallMs, bootMs, isSynchronised, newestMs, offsetsMs }: ClockFacts): string | null {
  if (isSynchronised) return null;
  const aheadMs = newestMs === null ? 0 : wallMs - newestMs;
  if (aheadMs > AHEAD_MS) return `the clock is ${formatDuration(aheadMs)} ahead of the newest record`;
  const steps = offsetsMs.map((offsetMs) => Math.abs(wallMs - bootMs - offsetMs));
  const stepMs = Math.max(0, ...steps);
  return stepMs > STEP_MS ? `the clock was set by ${formatDuration(stepMs)} since the boot` : null;
}

/** The same of this node and its records. Throws StoreError. */
export function doubtOf({ clock }: Pick<Node, "clock">, store: JobStore): string | null {
  return doubt({
    wallMs: clock.wallMs(),
    bootMs: clock.bootMs(),
    isSynchronised: clock.isSynchronised?.() ?? false,
    ...store.clockMarks(clock.bootId()),
  });
}
