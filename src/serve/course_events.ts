/** Marks on the axis of the course: starts and ends of the jobs that it names, and the ends that were not well. Pure. */
import { type Job, runningFacts } from "../job/job.ts";
import type { CourseEvent } from "./feed.ts";

/** More than a plot can show. */
const MOST = 200;

/**
 * At most 200, the newest.
 * @param named the jobs of the series, by what the page calls them; `failed`: the last ends that were not well
 */
export function courseEvents(
  named: ReadonlyMap<string, Job>,
  failed: ReadonlyMap<string, Job>,
  { fromMs, toMs, sweepMs }: { fromMs: number; toMs: number; sweepMs: number | null },
): CourseEvent[] {
  const all = new Map([...failed, ...named]);
  const events = [...all].flatMap(([jobId, job]) => [
    ...named.has(jobId) ? startOf(jobId, job) : [],
    ...endOf(jobId, job),
  ]);
  const sweeps: CourseEvent[] = sweepMs === null
    ? []
    : [{ atMs: sweepMs, kind: "sweep", jobId: null, name: "sweep", reason: null }];
  const within = [...events, ...sweeps].filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  return within.sort((a, b) => a.atMs - b.atMs).slice(-MOST);
}

function startOf(jobId: string, job: Job): CourseEvent[] {
  const startedMs = runningFacts(job)?.startedAtMs ?? null;
  if (startedMs === null) return [];
  return [{ atMs: startedMs, kind: "started", jobId, name: job.spec.name, reason: null }];
}

function endOf(jobId: string, { spec, phase }: Job): CourseEvent[] {
  if (phase.state !== "ended") return [];
  const { reason, endedAtMs } = phase;
  const kind = reason === "oom" || reason === "timeout" ? reason : "ended";
  return [{ atMs: endedAtMs, kind, jobId, name: spec.name, reason }];
}
