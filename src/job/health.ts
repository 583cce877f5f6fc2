/** The signs of life that a job is asked for, what was seen of them, and what follows from that. How looks become states: health/judge.ts. Pure. */
import type { UserHome } from "./user_home.ts";

/** The checks, each with what its failure means. The first word of an `unhealthy` end. */
export const CHECKS = {
  "idle": "it used no CPU, did no IO and wrote no output",
  "heartbeat": "its heartbeat file did not change",
  "health-command": "its health command called it ill",
} as const;

/** One of the keys of CHECKS. */
export type Check = keyof typeof CHECKS;

/** What was asked for; a check that is absent is not made. */
export interface HealthSpec {
  idle?: { afterMs: number; action: "report" | "kill" };
  /** `isOurs`: corral has made the file, and removes it. */
  heartbeat?: { withinMs: number; firstWithinMs: number; file: string; isOurs?: true };
  command?: { command: string; everyMs: number };
  /** Looks at the file and runs the command: the job's user. */
  user: UserHome;
}

/** What a look finds, to be held against the next look; null where it cannot be known. */
export interface Signs {
  cpuUsageUsec: number | null;
  /** Operations on block devices. */
  ioOperations: number | null;
  /** Stands for how much was written: another value is more output. */
  output: string | null;
  /** How long its tasks were kept from running by a quota or by others, as far as it concerns a job that wants to run. */
  cpuWaitUsec: number | null;
  /** How long none of its tasks could run, for CPU, memory and IO together. */
  stalledUsec: number | null;
  /** Stands for the heartbeat file: another value is a beat. `none` when there is no such file. */
  beat: string | null;
}

/** A process in uninterruptible sleep. */
export interface Stuck {
  pid: number;
  wchan: string | null;
}

/** What is known between two looks. Times are CLOCK_BOOTTIME, of the job's boot. */
export interface HealthState {
  atBootMs: number;
  signs: Signs;
  /** Whether it was frozen then: a frozen job is not judged. */
  frozen: boolean;
  stuck: (Stuck & { sinceBootMs: number }) | null;
  idle: {
    /** True from its first activity on, or after ten minutes. */
    isCounting: boolean;
    /** How long it has been quiet, as far as that was seen. */
    quietMs: number;
    activeBootMs: number;
  };
  heartbeat: { beats: number; silentMs: number; beatBootMs: number };
  command: {
    /** Answers "ill" in a row. */
    strikes: number;
    last: "well" | "ill" | "unknown" | null;
    words: string;
    atBootMs: number;
  };
}

/** What `beat` is where there is no heartbeat file. */
export const NO_FILE = "none";
/** Answers "ill" in a row that end a job. */
export const STRIKES = 3;

/** A job that is frozen, or sleeps in the kernel, can give no sign. */
function isJudgeable({ frozen, stuck, atBootMs }: HealthState): boolean {
  return !frozen && (stuck === null || stuck.sinceBootMs === atBootMs);
}

/** The check for which the job is to be ended; null when it is not. */
export function unhealthyIn(spec: HealthSpec, state: HealthState): Check | null {
  const { heartbeat, command, idle } = spec;
  if (heartbeat !== undefined && silentShare(spec, state) >= 1) return "heartbeat";
  if (command !== undefined && state.command.strikes >= STRIKES) return "health-command";
  if (idle?.action === "kill" && idleShare(spec, state) >= 1) return "idle";
  return null;
}

/** How much of `--idle-after` has passed in quiet; 0 for a job that cannot be judged now. */
export function idleShare({ idle }: HealthSpec, state: HealthState): number {
  return idle === undefined || !isJudgeable(state) ? 0 : state.idle.quietMs / idle.afterMs;
}

/** The same of the time in which a heartbeat is due. */
export function silentShare({ heartbeat }: HealthSpec, state: HealthState): number {
  if (heartbeat === undefined || !isJudgeable(state)) return 0;
  return state.heartbeat.silentMs / dueMs(heartbeat, state);
}

/** How long the next beat may take. */
export function dueMs(heartbeat: NonNullable<HealthSpec["heartbeat"]>, state: HealthState): number {
  return state.heartbeat.beats === 0 ? heartbeat.firstWithinMs : heartbeat.withinMs;
}

/** Of a job that has a check. */
export interface JobHealth {
  check: Check;
  /** Since when it is so, in milliseconds since the epoch; null when it was never otherwise. */
  sinceMs: number | null;
  /** `quiet`: half of its time or more has passed without a sign. `unknown`: cannot be judged at this moment. */
  verdict: "well" | "quiet" | "ill" | "unknown";
  /** Such as `idle 1h`. */
  text: string;
}
