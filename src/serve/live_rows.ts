/** From a live job and its reading to a row of the page. Pure. */
import { type Job, runningFacts } from "../job/job.ts";
import { formatDuration } from "../value/duration.ts";
import type { LiveRow } from "./feed.ts";
import type { Reading } from "./readings.ts";

/** A sign of health that stands beside the state: `idle 1h04m`. The checks of a job fill it. */
export interface HealthSign {
  isIdle: boolean;
  text: string;
}

/** What a row is made of besides the job. */
export interface RowInput {
  pageId: string;
  reading: Reading | null;
  spark: readonly number[];
  health: HealthSign | null;
  asOfMs: number | null;
  bootMs: number;
  bootId: string;
  /** Wall clock less CLOCK_BOOTTIME. */
  wallOffsetMs: number;
}

/** Null values where the kernel gave none. */
export function liveRow(job: Job, input: RowInput): LiveRow {
  const { spec: { name, ref, user, pool, limits } } = job;
  const { pageId, reading, spark, asOfMs } = input;
  const run = runningFacts(job);
  const isOfThisBoot = job.watch === null || job.watch.supervisor.bootId === input.bootId;
  return {
    id: pageId,
    name,
    ref,
    user,
    pool: pool?.name ?? null,
    state: stateOf(job, input),
    stateNote: noteOf(job, input),
    memoryBytes: reading?.memoryBytes ?? null,
    memoryMaxBytes: limits.memoryMaxBytes,
    memoryHighBytes: limits.memoryHighBytes,
    memoryPeakBytes: reading?.memoryPeakBytes ?? null,
    cpuCores: reading?.cpuCores ?? null,
    cpuMaxCores: limits.cpuMaxCores,
    readBytesPerSec: reading?.readBytesPerSec ?? null,
    writtenBytesPerSec: reading?.writtenBytesPerSec ?? null,
    processes: reading?.processes ?? null,
    pidsMax: limits.pidsMax,
    startedMs: run?.startedAtMs ?? null,
    deadlineMs: run?.deadlineBootMs == null || !isOfThisBoot ? null : run.deadlineBootMs + input.wallOffsetMs,
    spark: [...spark],
    asOfMs,
  };
}

function stateOf({ phase }: Job, { reading, health }: RowInput): LiveRow["state"] {
  switch (phase.state) {
    case "ended":
      return "unkillable";
    case "ending":
      return "ending";
    case "queued":
    case "starting":
      return "starting";
    case "running":
      return reading?.isFrozen ? "frozen" : health?.isIdle ? "idle" : "running";
  }
}

function noteOf({ spec, phase }: Job, { health, bootMs, wallOffsetMs }: RowInput): LiveRow["stateNote"] {
  if (phase.state === "ending" && phase.endingBootMs !== null) {
    const killBootMs = phase.endingBootMs + spec.graceMs;
    const text = killBootMs > bootMs ? `KILL in ${formatDuration(killBootMs - bootMs)}` : "KILL sent";
    return { text, untilMs: killBootMs > bootMs ? killBootMs + wallOffsetMs : null };
  }
  if (phase.state === "ended") return { text: countWords(phase.survivors.length), untilMs: null };
  return health === null || phase.state !== "running" ? null : { text: health.text, untilMs: null };
}

function countWords(count: number): string {
  return count === 1 ? "1 process" : `${count} processes`;
}
