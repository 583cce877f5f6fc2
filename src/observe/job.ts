/** What a process other than the supervisor sees of a job. */
import { readEvents, readEventsAt } from "../cgroup/events.ts";
import { isForbidden } from "../base/errno.ts";
import type { CgroupFs } from "../cgroup/file.ts";
import { readOomKills } from "../cgroup/usage.ts";
import type { Node } from "./node.ts";
import { CgroupError } from "../base/errors.ts";
import { startedBootMs } from "../linux/clock.ts";
import type { Observation } from "../job/decide.ts";
import { type CgroupRecord, type Job, runningFacts } from "../job/job.ts";

/** The job's cgroup: as recorded, or by name when it never ran; null when there is none. */
export function cgroupRecord(node: Node, job: Job): CgroupRecord | null {
  const run = runningFacts(job);
  if (run !== null) return run.cgroup;
  return job.spec.bootId === node.clock.bootId() ? node.backendOf(job).find(job.spec.id) : null;
}

/** What the observer wants and knows besides what it sees. */
export type Wishes = Partial<Pick<Observation, "endRequest" | "onOrphan" | "finishedByOwner" | "bootMs">>;

/** Observes one job now. Throws CgroupError. */
export function observeJob(node: Node, job: Job, wishes: Wishes = {}): Observation {
  const bootId = node.clock.bootId();
  const bootMs = wishes.bootMs ?? node.clock.bootMs();
  const { supervisor } = job.spec;
  const record = cgroupRecord(node, job);
  const cgroup = stateOfCgroup(node, job, record);
  const supervisorAlive = node.procs.isAlive(supervisor, bootId);
  // Two files that only matter when somebody asks: a sweep looks at a thousand jobs and asks of few.
  const leaderAlive = once(() => isLeaderAlive(node, job, cgroup));
  return {
    bootMs,
    sameBoot: job.spec.bootId === bootId,
    cgroup,
    supervisor: supervisorAlive ? "alive" : "gone",
    get leader() {
      return leaderAlive() ? { alive: true } as const : { alive: false, exit: null } as const;
    },
    get oomKills() {
      const isThere = cgroup === "populated" || cgroup === "empty";
      return record !== null && isThere ? readOomKills(node.cgroups(), record.path) ?? 0 : 0;
    },
    endRequest: wishes.endRequest ?? null,
    onOrphan: wishes.onOrphan ?? "kill",
    finishedByOwner: wishes.finishedByOwner ?? false,
    callerGone: false,
    supervisorAgeMs: bootMs - startedBootMs(supervisor),
  };
}

function once<T>(look: () => T): () => T {
  let seen: { value: T } | null = null;
  return () => (seen ??= { value: look() }).value;
}

/** An adopted job has no first process: it lives as long as anything of it does. */
function isLeaderAlive(node: Node, job: Job, cgroup: Observation["cgroup"]): boolean {
  if (job.spec.adopted) return cgroup === "populated";
  const run = runningFacts(job);
  return run !== null &&
    node.procs.isAlive({ ...run, bootId: job.spec.bootId }, node.clock.bootId());
}

function stateOfCgroup(node: Node, job: Job, record: CgroupRecord | null): Observation["cgroup"] {
  if (record === null || job.spec.bootId !== node.clock.bootId()) return "gone";
  const fs = node.cgroups();
  if (!fs.isOwn(record, job.spec.id)) return fs.inode(record.path) === null ? "gone" : "foreign";
  return isPopulated(fs, record, job.spec.id) ? "populated" : "empty";
}

/** Looking needs no right to the cgroup, unless the job has locked its user out of it. */
function isPopulated(fs: CgroupFs, record: CgroupRecord, id: string): boolean {
  try {
    return readEventsAt(fs, record.path).populated;
  } catch (error) {
    if (!(error instanceof CgroupError && isForbidden(error.cause))) throw error;
    return readEvents(fs.own(record, id)).populated;
  }
}
