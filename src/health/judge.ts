/**
 * Judges whether a job is still at work, look by look. Pure. No clock is compared with a file's, and no long gap between two looks counts
 * for more than its share: the node may have slept, or the observer. A verdict needs as many looks as LOOKS has it.
 */
import { dueMs, type HealthSpec, type HealthState, NO_FILE, type Signs, type Stuck } from "../job/health.ts";

/** A verdict of silence takes at least so many looks without a sign. */
export const LOOKS = 10;
/** Below this share of one core in a whole interval, a job uses no CPU. */
const CPU_SHARE = 0.01;
/** A job that was never active is given so long before its quiet counts: it may be waiting for its data. */
export const START_MS = 600_000;
/** Between two looks; the window of a check has half as many again as it needs. */
const LOOKS_PLANNED = LOOKS * 1.5;
const LOOK_AT_LEAST_MS = 200;
const LOOK_AT_MOST_MS = 60_000;

/** What one look finds. */
export interface Look {
  bootMs: number;
  frozen: boolean;
  stuck: Stuck | null;
  signs: Signs;
}

/** How long to wait between two looks. */
export function lookEveryMs({ idle, heartbeat }: HealthSpec): number {
  const windows = [idle?.afterMs, heartbeat?.withinMs, heartbeat?.firstWithinMs];
  const shortestMs = Math.min(...windows.map((ms) => ms ?? Infinity));
  return Math.min(LOOK_AT_MOST_MS, Math.max(LOOK_AT_LEAST_MS, Math.ceil(shortestMs / LOOKS_PLANNED)));
}

/** At the first look, which only has the signs to hold the next one against. */
export function firstState({ bootMs, frozen, stuck, signs }: Look): HealthState {
  return {
    atBootMs: bootMs,
    signs,
    frozen,
    stuck: stuck === null ? null : { ...stuck, sinceBootMs: bootMs },
    idle: { isCounting: false, quietMs: 0, activeBootMs: bootMs },
    heartbeat: { beats: 0, silentMs: 0, beatBootMs: bootMs },
    command: { strikes: 0, last: null, words: "", atBootMs: bootMs },
  };
}

/** After another look at a job that started at `startedBootMs`. */
export function afterLook(
  spec: HealthSpec,
  before: HealthState,
  { look, startedBootMs }: { look: Look; startedBootMs: number },
): HealthState {
  const { bootMs, frozen, stuck, signs } = look;
  const passedMs = Math.max(0, bootMs - before.atBootMs);
  // A thaw, and what came before it, is no time in which the job could have acted.
  const isJudged = !frozen && !before.frozen;
  return {
    ...before,
    atBootMs: bootMs,
    // What could not be read this time is held against what was read before.
    signs: known(signs, before.signs),
    frozen,
    stuck: stuck === null ? null : {
      ...stuck,
      sinceBootMs: isStillStuck(before, look, passedMs) ? before.stuck!.sinceBootMs : bootMs,
    },
    idle: idleAfter(spec, before, { look, passedMs, isJudged, ageMs: bootMs - startedBootMs }),
    heartbeat: heartbeatAfter(spec, before, { look, passedMs, isJudged }),
  };
}

/** After the health command has answered. Only "ill" counts against the job, and any other answer in between begins anew. */
export function afterAnswer(
  before: HealthState,
  { answer, words, bootMs }: { answer: "well" | "ill" | "unknown"; words: string; bootMs: number },
): HealthState {
  const strikes = answer === "ill" ? before.command.strikes + 1 : 0;
  return { ...before, command: { strikes, last: answer, words, atBootMs: bootMs } };
}

interface Interval {
  look: Look;
  passedMs: number;
  isJudged: boolean;
}

function idleAfter(
  { idle }: HealthSpec,
  before: HealthState,
  { look, passedMs, isJudged, ageMs }: Interval & { ageMs: number },
): HealthState["idle"] {
  if (idle === undefined) return before.idle;
  const isActive = isJudged && hasActed(before.signs, look.signs, passedMs);
  const isCounting = before.idle.isCounting || isActive || ageMs >= START_MS;
  const isQuiet = isJudged && !isActive && look.stuck === null && isMeasured(before.signs, look.signs);
  if (!isQuiet) return { isCounting, quietMs: 0, activeBootMs: look.bootMs };
  const countedMs = before.idle.isCounting ? Math.min(passedMs, idle.afterMs / LOOKS) : 0;
  return { ...before.idle, isCounting, quietMs: before.idle.quietMs + countedMs };
}

/** One that wants to run and may not is at work; so is one whose output grows, whatever it writes. */
function hasActed(before: Signs, now: Signs, passedMs: number): boolean {
  const leastUsec = passedMs * 1000 * CPU_SHARE;
  const grew = (key: "cpuUsageUsec" | "cpuWaitUsec") => {
    const [then, at] = [before[key], now[key]];
    return then !== null && at !== null && at - then >= Math.max(1, leastUsec);
  };
  const differs = (key: "ioOperations" | "output") =>
    before[key] !== null && now[key] !== null && before[key] !== now[key];
  return grew("cpuUsageUsec") || grew("cpuWaitUsec") || differs("ioOperations") || differs("output");
}

/** What no figure shows must not be taken for quiet. */
function isMeasured(before: Signs, now: Signs): boolean {
  return before.cpuUsageUsec !== null && now.cpuUsageUsec !== null;
}

function heartbeatAfter(
  { heartbeat }: HealthSpec,
  before: HealthState,
  { look, passedMs, isJudged }: Interval,
): HealthState["heartbeat"] {
  const { beats, silentMs } = before.heartbeat;
  const [then, now] = [before.signs.beat, look.signs.beat];
  // A file system that does not answer says nothing about the job.
  if (heartbeat === undefined || now === null || then === null) return before.heartbeat;
  if (now !== then && now !== NO_FILE) return { beats: beats + 1, silentMs: 0, beatBootMs: look.bootMs };
  if (!isJudged || isStillStuck(before, look, passedMs)) return before.heartbeat;
  const countedMs = Math.min(passedMs, dueMs(heartbeat, before) / LOOKS);
  return { ...before.heartbeat, silentMs: silentMs + Math.max(0, countedMs - stalledMs(before, look)) };
}

/** The same process sleeps in the kernel as before, and nothing else of the job goes on. A disk that is busy is no such thing. */
function isStillStuck(before: HealthState, { stuck, signs }: Look, passedMs: number): boolean {
  return stuck !== null && before.stuck?.pid === stuck.pid && !hasActed(before.signs, signs, passedMs);
}

/** Time in which the job could not run is not its silence. */
function stalledMs(before: HealthState, { signs }: Look): number {
  const [then, now] = [before.signs.stalledUsec, signs.stalledUsec];
  return then === null || now === null ? 0 : Math.max(0, now - then) / 1000;
}

function known(now: Signs, before: Signs): Signs {
  const pairs = Object.entries(now).map(([key, value]) => [key, value ?? before[key as keyof Signs]]);
  return Object.fromEntries(pairs) as unknown as Signs;
}
