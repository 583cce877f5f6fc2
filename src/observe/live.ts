/** What live jobs hold and use right now, read by commands that only look: `corral ps`, `corral top`. */
import { readEventsAt } from "../cgroup/events.ts";
import type { CgroupFs } from "../cgroup/file.ts";
import { readable, readCpuUsageUsec, readCurrent, readMemorySplit } from "../cgroup/usage.ts";
import type { Node } from "./node.ts";
import { gpusHeldBy } from "./gpu.ts";
import { cpuPercent, type CpuReading } from "../job/cpu_use.ts";
import { type CgroupRecord, type Job, runningFacts } from "../job/job.ts";
import type { LiveJob } from "../job/live_job.ts";
import type { MemorySplit, Usage } from "../job/usage.ts";
import { readJobUsage } from "./job_usage.ts";
import { cgroupRecord, isOfThisBoot } from "./job.ts";

/** Long enough for the kernel's ticks (1 to 10 ms), short enough not to be felt. */
export const SHORT_INTERVAL_MS = 200;

/** The CPU time of jobs by their ids, each with the moment of its own: a thousand are not read at once. */
export interface CpuReadings {
  /** When the first was read. */
  readonly bootMs: number;
  readonly byJob: ReadonlyMap<string, CpuReading>;
}

/** The beginning of an interval. */
export function readCpuTimes(node: Node, jobs: readonly Job[]): CpuReadings {
  const bootMs = node.clock.bootMs();
  return readings(
    bootMs,
    jobs.map((job) => [job, look(node, job, (fs, { path }) => cpu(node, fs, path))]),
  );
}

/**
 * Everything that the tables show. CPU use is that since the readings of `since`, or since a job's start where that came later; without
 * `since`, the mean since the start. `cpu` is the beginning of the next interval.
 */
export async function readLiveJobs(
  node: Node,
  jobs: readonly Job[],
  since: CpuReadings | null,
): Promise<{ live: LiveJob[]; cpu: CpuReadings }> {
  const bootMs = node.clock.bootMs();
  const seen = jobs.map((job) => ({
    job,
    found: look(node, job, (fs, own) => readNow(node, fs, own)),
  }));
  const cpuNow = readings(bootMs, seen.map(({ job, found }) => [job, found?.cpu ?? null]));
  const gpus = node.gpus();
  const live = await Promise.all(seen.map(async ({ job, found }): Promise<LiveJob> => ({
    job,
    cpuPercent: cpuPercent(beginning(job, since), found?.cpu ?? null),
    memoryBytes: found?.memoryBytes ?? null,
    procs: found?.pids.length ?? null,
    frozen: found?.frozen ?? false,
    gpus: await gpusHeldBy(gpus, found?.pids ?? []),
  })));
  return { live, cpu: cpuNow };
}

/** All that a live job has used so far; null where it cannot be read. */
export function readLiveUsage(node: Node, job: Job): Usage | null {
  return look(node, job, (fs, { path }) => ({
    ...readJobUsage(fs, path, node.procs.root),
    wallMs: wallSoFarMs(node, job),
  }));
}

/** What a live job has used, and what it holds, at one moment. */
export interface JobNow {
  usage: Usage;
  memoryBytes: number | null;
  split: MemorySplit;
  processes: number;
  frozen: boolean;
}

/** For the metrics; null where it cannot be read. */
export function readJobNow(node: Node, job: Job): JobNow | null {
  return look(node, job, (fs, own) => ({
    usage: readJobUsage(fs, own.path, node.procs.root),
    memoryBytes: readCurrent(fs, own.path).memoryBytes,
    split: readMemorySplit(readable(fs, own.path)),
    processes: fs.own(own, own.id).pids().length,
    frozen: readEventsAt(fs, own.path).frozen,
  }));
}

/** Since the job's start; null for one that has not started. */
export function wallSoFarMs({ clock }: Node, job: Job): number | null {
  const startedBootMs = runningFacts(job)?.startedBootMs;
  return startedBootMs === undefined ? null : clock.bootMs() - startedBootMs;
}

/** `read` of the job's own cgroup; null when it is not there, or not the job's. */
function look<T>(node: Node, job: Job, read: (fs: CgroupFs, own: Own) => T): T | null {
  try {
    // A job of another user that names no cgroup is not looked for among root's.
    if (job.storeUid !== undefined && runningFacts(job) === null) return null;
    const record = cgroupRecord(node, job);
    if (record === null || !isOfThisBoot(node, job)) return null;
    const cgroups = node.cgroups();
    return cgroups.isOwn(record, job.spec.id) ? read(cgroups, { ...record, id: job.spec.id }) : null;
  } catch {
    // A job that cannot be read must not hide the others: its figures are unknown.
    return null;
  }
}

type Own = CgroupRecord & { id: string };

function readNow(node: Node, fs: CgroupFs, own: Own) {
  return {
    cpu: cpu(node, fs, own.path),
    memoryBytes: readCurrent(fs, own.path).memoryBytes,
    pids: fs.own(own, own.id).pids(),
    frozen: readEventsAt(fs, own.path).frozen,
  };
}

function cpu(node: Node, fs: CgroupFs, path: string): CpuReading | null {
  const cpuUsageUsec = readCpuUsageUsec(readable(fs, path));
  return cpuUsageUsec === null ? null : { bootMs: node.clock.bootMs(), cpuUsageUsec };
}

function readings(bootMs: number, all: readonly [Job, CpuReading | null][]): CpuReadings {
  const known = all.flatMap(([job, reading]) => reading === null ? [] : [[keyOf(job), reading] as const]);
  return { bootMs, byJob: new Map(known) };
}

/** Users choose the ids of their jobs: two stores can have one. */
function keyOf({ storeUid = 0, spec }: Job): string {
  return `${storeUid} ${spec.id}`;
}

function beginning(job: Job, since: CpuReadings | null): CpuReading | null {
  const earlier = since?.byJob.get(keyOf(job));
  if (earlier !== undefined) return earlier;
  const startedBootMs = runningFacts(job)?.startedBootMs;
  if (startedBootMs === undefined) return null;
  const wasThere = since !== null && startedBootMs < since.bootMs;
  return wasThere ? null : { bootMs: startedBootMs, cpuUsageUsec: 0 };
}
