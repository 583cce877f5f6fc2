/** States and end reasons: their shape, and whether they are quiet, a matter to look at, or broken. Colour only repeats the shape. */
import type { IconName } from "./icon.ts";

/** How much a state wants to be seen. */
export type Tone = "ok" | "quiet" | "att" | "bad";

/** Shape and tone of a state. */
export interface Look {
  readonly icon: IconName;
  readonly tone: Tone;
}

const STATES: Readonly<Record<string, Look>> = {
  running: { icon: "dot", tone: "ok" },
  idle: { icon: "ring", tone: "att" },
  starting: { icon: "half", tone: "quiet" },
  ending: { icon: "half", tone: "att" },
  frozen: { icon: "pause", tone: "quiet" },
  queued: { icon: "clock", tone: "quiet" },
  unkillable: { icon: "octagon", tone: "bad" },
};

const REASONS: Readonly<Record<string, Look>> = {
  "exited": { icon: "check", tone: "quiet" },
  "failed": { icon: "cross", tone: "bad" },
  "failed-to-start": { icon: "cross", tone: "bad" },
  "signaled": { icon: "cross", tone: "bad" },
  "killed": { icon: "square", tone: "quiet" },
  "finished-by-owner": { icon: "square", tone: "quiet" },
  "orphaned": { icon: "square", tone: "att" },
  "lost": { icon: "dash", tone: "att" },
  "unhealthy": { icon: "triangle", tone: "att" },
};

/** Of a live or queued job; an unknown state is quiet. */
export function lookOfState(state: string): Look {
  return STATES[state] ?? { icon: "ring", tone: "quiet" };
}

/** An exit of the job's own with another code than 0 is a failure; a limit that ended it is broken. */
export function lookOfEnd(reason: string, exitCode: number | null): Look {
  if (reason === "exited" && exitCode !== 0) return REASONS["failed"]!;
  return REASONS[reason] ?? { icon: "octagon", tone: "bad" };
}

/** `exited 3`, but `exited` for 0. */
export function endWords(reason: string, exitCode: number | null): string {
  return reason === "exited" && exitCode !== null && exitCode !== 0 ? `exited ${exitCode}` : reason;
}
