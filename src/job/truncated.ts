/** What of a job falls between two moments, as sacct(1) --truncate has it. Pure. */
import { type Job, type Phase, type RunningFacts, runningFacts } from "./job.ts";
import type { Usage } from "./usage.ts";

/** Milliseconds since the epoch; null without a bound. */
export interface Window {
  sinceMs: number | null;
  untilMs: number | null;
  nowMs: number;
  /** The CPU time of the job between them. */
  cpu: Pick<Usage, "cpuUsageUsec" | "cpuUserUsec" | "cpuSystemUsec">;
}

/** The job as if it had run in the window only. */
export function truncated(job: Job, live: Usage | null, window: Window): { job: Job; live: Usage | null } {
  const [fromMs, toMs] = [window.sinceMs ?? -Infinity, window.untilMs ?? window.nowMs];
  const { phase } = job;
  const run = runningFacts(job);
  const startedMs = run?.startedAtMs ?? job.spec.createdAtMs;
  const endedMs = phase.state === "ended" ? phase.endedAtMs : window.nowMs;
  const withinMs = Math.max(0, Math.min(endedMs, toMs) - Math.max(startedMs, fromMs));
  const isWhole = startedMs >= fromMs && endedMs <= toMs;
  const cut = (usage: Usage | null) =>
    isWhole || usage === null ? usage : cutUsage(usage, withinMs, window.cpu);
  return { job: { ...job, phase: cutPhase(phase, { fromMs, toMs, cut }) }, live: cut(live) };
}

function cutPhase(
  phase: Phase,
  { fromMs, toMs, cut }: { fromMs: number; toMs: number; cut: (usage: Usage | null) => Usage | null },
): Phase {
  if (phase.state === "starting" || phase.state === "queued") return phase;
  const run = cutRun(phase.run, fromMs);
  if (phase.state === "running") return { ...phase, run: run ?? phase.run };
  if (phase.state === "ending") return { ...phase, run };
  return { ...phase, run, endedAtMs: Math.min(phase.endedAtMs, toMs), usage: cut(phase.usage) };
}

function cutRun(run: RunningFacts | null, fromMs: number): RunningFacts | null {
  return run === null ? null : { ...run, startedAtMs: Math.max(run.startedAtMs, fromMs) };
}

function cutUsage(usage: Usage, withinMs: number, cpu: Window["cpu"]): Usage {
  return usage.wallMs === null ? usage : { ...usage, wallMs: withinMs, ...cpu };
}
