/** What the signs of life of a job say, in words: for `ps`, `top`, `show`, the page and the events. Pure. */
import { printable, shortened } from "../base/text.ts";
import type { Moment } from "../job/events.ts";
import {
  type Check,
  CHECKS,
  dueMs,
  type HealthSpec,
  type HealthState,
  idleShare,
  type JobHealth,
  silentShare,
  STRIKES,
  unhealthyIn,
} from "../job/health.ts";
import type { Job } from "../job/job.ts";
import { formatDuration, formatDurationExact } from "../value/duration.ts";

/** From this share of the time on, a job is shown as quiet. */
const HALF = 0.5;
const MAX_WORDS = 200;

/** Every check that the job has, in the order of CHECKS; none for a job without, and for one that was not looked at yet. */
export function healthSigns(
  { spec: { health }, health: state, phase }: Pick<Job, "spec" | "health" | "phase">,
  now: Pick<Moment, "wallMs" | "bootMs">,
): JobHealth[] {
  if (health === undefined || state === undefined || phase.state !== "running") return [];
  const at = (bootMs: number) => now.wallMs - Math.max(0, now.bootMs - bootMs);
  return [
    ...(health.idle === undefined ? [] : [idleSign(health, state, { now, at })]),
    ...(health.heartbeat === undefined ? [] : [heartbeatSign(health, state, { now, at })]),
    ...(health.command === undefined ? [] : [commandSign(state, at)]),
  ];
}

/** They as JSON, beside a job that has any. */
export function signsJson(
  job: Pick<Job, "spec" | "health" | "phase">,
  now: Pick<Moment, "wallMs" | "bootMs">,
): { signs?: Record<string, unknown>[] } {
  const signs = healthSigns(job, now).map(({ sinceMs, ...rest }) => ({
    ...rest,
    since: sinceMs === null ? null : new Date(sinceMs).toISOString(),
  }));
  return signs.length === 0 ? {} : { signs };
}

const GRAVITY = ["ill", "quiet", "unknown", "well"] satisfies JobHealth["verdict"][];

/** The worst of them; null for a live job without checks, one not looked at yet, and any that does not run. */
export function healthOf(
  job: Pick<Job, "spec" | "health" | "phase">,
  now: Pick<Moment, "wallMs" | "bootMs">,
): JobHealth | null {
  const signs = healthSigns(job, now);
  for (const verdict of GRAVITY) {
    const sign = signs.find((one) => one.verdict === verdict);
    if (sign !== undefined) return sign;
  }
  return null;
}

/** `idle 1h`, for a job that is quiet for half of `--idle-after` or more; null for any other. */
export function idleWords(
  job: Pick<Job, "spec" | "health" | "phase">,
  now: Pick<Moment, "wallMs" | "bootMs">,
): string | null {
  const idle = healthSigns(job, now).find(({ check }) => check === "idle");
  return idle === undefined || idle.verdict === "well" || idle.verdict === "unknown" ? null : idle.text;
}

interface Times {
  now: Pick<Moment, "bootMs">;
  /** Since the epoch. */
  at: (bootMs: number) => number;
}

function idleSign(spec: HealthSpec, state: HealthState, { now, at }: Times): JobHealth {
  const { stuck, frozen } = state;
  if (frozen) return { check: "idle", sinceMs: null, verdict: "unknown", text: "frozen" };
  if (stuck !== null && isLongStuck(spec, state)) {
    const text = `stuck in IO: process ${stuck.pid}, ${printable(stuck.wchan ?? "no wchan")}`;
    return { check: "idle", sinceMs: at(stuck.sinceBootMs), verdict: "unknown", text };
  }
  const share = idleShare(spec, state);
  const sinceMs = at(state.idle.activeBootMs);
  if (share < HALF) return { check: "idle", sinceMs, verdict: "well", text: "active" };
  const text = `idle ${formatDuration(Math.max(0, now.bootMs - state.idle.activeBootMs))}`;
  return { check: "idle", sinceMs, verdict: share >= 1 ? "ill" : "quiet", text };
}

/** In the kernel for so long as a quiet job is shown as quiet. */
function isLongStuck({ idle }: HealthSpec, { stuck, atBootMs }: HealthState): boolean {
  return idle !== undefined && stuck !== null && atBootMs - stuck.sinceBootMs >= idle.afterMs * HALF;
}

function heartbeatSign(spec: HealthSpec, state: HealthState, { now, at }: Times): JobHealth {
  const { beats, beatBootMs } = state.heartbeat;
  const share = silentShare(spec, state);
  const ago = formatDuration(Math.max(0, now.bootMs - beatBootMs));
  const text = beats === 0 ? `no heartbeat yet, for ${ago}` : `last heartbeat ${ago} ago`;
  const verdict = state.signs.beat === null
    ? "unknown"
    : share >= 1
    ? "ill"
    : share >= HALF
    ? "quiet"
    : "well";
  return { check: "heartbeat", sinceMs: at(beatBootMs), verdict, text };
}

function commandSign({ command }: HealthState, at: Times["at"]): JobHealth {
  const { last, strikes, words, atBootMs } = command;
  const said = words === "" ? "" : `: ${shortened(printable(words), MAX_WORDS)}`;
  const sinceMs = last === null ? null : at(atBootMs);
  if (last !== "ill") {
    const text = last === null ? "not asked yet" : `${last}${last === "unknown" ? said : ""}`;
    return { check: "health-command", sinceMs, verdict: last ?? "unknown", text };
  }
  const verdict = strikes >= STRIKES ? "ill" : "quiet";
  return { check: "health-command", sinceMs, verdict, text: `ill, ${strikes} of ${STRIKES}${said}` };
}

/** Something that happened to the health of a job, as its event. */
export interface HealthEvent {
  kind: "idle" | "active" | "stuck" | "ill" | "unhealthy";
  detail: Record<string, unknown>;
}

/** What a step from one state to the next is told as. */
export function healthEvents(spec: HealthSpec, before: HealthState, after: HealthState): HealthEvent[] {
  const shares = [idleShare(spec, before), idleShare(spec, after)] as const;
  const crossed = (share: number) => shares[0] < share && shares[1] >= share;
  const quiet = { for: formatDuration(after.atBootMs - after.idle.activeBootMs) };
  const of = { of: formatDurationExact(spec.idle?.afterMs ?? 0) };
  const stuck = !isLongStuck(spec, before) && isLongStuck(spec, after);
  const isIll = after.command.strikes > before.command.strikes;
  const check = unhealthyIn(spec, before) === null ? unhealthyIn(spec, after) : null;
  const { strikes, words } = after.command;
  return [
    ...(crossed(1)
      ? [{ kind: "idle" as const, detail: { ...quiet, ...of, whole: true } }]
      : crossed(HALF)
      ? [{ kind: "idle" as const, detail: { ...quiet, ...of } }]
      : []),
    ...(shares[0] >= HALF && shares[1] === 0 ? [{ kind: "active" as const, detail: {} }] : []),
    ...(stuck
      ? [{ kind: "stuck" as const, detail: { pid: after.stuck!.pid, wchan: after.stuck!.wchan ?? "-" } }]
      : []),
    ...(isIll ? [{ kind: "ill" as const, detail: { strikes, ...(words === "" ? {} : { words }) } }] : []),
    ...(check === null ? [] : [{ kind: "unhealthy" as const, detail: { check } }]),
  ];
}

/** `its heartbeat file did not change for 10m`: why a job is ended. */
export function unhealthyWords(check: Check, spec: HealthSpec, state: HealthState): string {
  const { heartbeat, idle } = spec;
  switch (check) {
    case "heartbeat":
      return `${CHECKS[check]} for ${
        formatDurationExact(heartbeat === undefined ? 0 : dueMs(heartbeat, state))
      }`;
    case "idle":
      return `${CHECKS[check]} for ${formatDurationExact(idle?.afterMs ?? 0)}`;
    case "health-command":
      return `${CHECKS[check]} ${STRIKES} times in a row`;
  }
}
