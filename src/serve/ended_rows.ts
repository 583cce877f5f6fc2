/** From an ended job to a row of the page. Pure. */
import { type Job, runningFacts } from "../job/job.ts";
import { runExitCode } from "../job/outcome.ts";
import { whyEnded } from "../view/show_head.ts";
import type { EndedRow } from "./feed.ts";
import { type NameOf, partsOf } from "./parts.ts";

/** Null for a job that is not ended. */
export function endedRow(job: Job, pageId: string, nameOf?: NameOf): EndedRow | null {
  const { spec, phase } = job;
  if (phase.state !== "ended") return null;
  const { usage, exit, reason } = phase;
  const isUnseen = exit.code === null && exit.signal === null && reason === "exited";
  return {
    id: pageId,
    name: spec.name,
    ref: spec.ref,
    user: spec.user,
    reason,
    exitCode: isUnseen ? null : runExitCode(phase, null),
    endedMs: phase.endedAtMs,
    startedMs: runningFacts(job)?.startedAtMs ?? null,
    wallMs: usage?.wallMs ?? null,
    cpuUsageUsec: usage?.cpuUsageUsec ?? null,
    memoryPeakBytes: usage?.memoryPeakBytes ?? null,
    memoryMaxBytes: spec.limits.memoryMaxBytes,
    text: partsOf(whyEnded(job), nameOf),
  };
}
