/** What a process other than the supervisor sees of a job. */
import { readEvents } from "../cgroup/events.ts";
import { readOomKills } from "../cgroup/usage.ts";
import type { Context } from "../context.ts";
import { MS_PER_TICK } from "../host/clock.ts";
import type { Observation } from "../job/decide.ts";
import { type CgroupRecord, type Job, runningFacts } from "../job/job.ts";

/** The job's cgroup: as recorded, or by name when it never ran; null when there is none. */
export function cgroupRecord(context: Context, job: Job): CgroupRecord | null {
  const run = runningFacts(job);
  if (run !== null) return run.cgroup;
  return job.spec.bootId === context.clock.bootId() ? context.backendOf(job).find(job.spec.id) : null;
}

/** What the observer wants and knows besides what it sees. */
export type Wishes = Partial<Pick<Observation, "endRequest" | "onOrphan" | "finishedByOwner">>;

/** Observes one job now. Throws CgroupError. */
export function observeJob(context: Context, job: Job, wishes: Wishes = {}): Observation {
  const bootId = context.clock.bootId();
  const bootMs = context.clock.bootMs();
  const { supervisor } = job.spec;
  const record = cgroupRecord(context, job);
  const cgroup = stateOfCgroup(context, job, record);
  const leaderAlive = isLeaderAlive(context, job, cgroup);
  // Asked only where it decides: a sweep over hundreds of jobs looks at each.
  const oomKills = record !== null && !leaderAlive && (cgroup === "populated" || cgroup === "empty")
    ? readOomKills(context.cgroups(), record.path) ?? 0
    : 0;
  return {
    bootMs,
    sameBoot: job.spec.bootId === bootId,
    cgroup,
    supervisor: context.procs.isAlive(supervisor, bootId) ? "alive" : "gone",
    leader: leaderAlive ? { alive: true } : { alive: false, exit: null },
    oomKills,
    endRequest: null,
    onOrphan: "kill",
    finishedByOwner: false,
    callerGone: false,
    supervisorAgeMs: bootMs - supervisor.startTicks * MS_PER_TICK,
    ...wishes,
  };
}

/** An adopted job has no first process: it lives as long as anything of it does. */
function isLeaderAlive(context: Context, job: Job, cgroup: Observation["cgroup"]): boolean {
  if (job.spec.adopted) return cgroup === "populated";
  const run = runningFacts(job);
  return run !== null &&
    context.procs.isAlive({ ...run, bootId: job.spec.bootId }, context.clock.bootId());
}

function stateOfCgroup(context: Context, job: Job, record: CgroupRecord | null): Observation["cgroup"] {
  if (record === null || job.spec.bootId !== context.clock.bootId()) return "gone";
  const fs = context.cgroups();
  if (!fs.isOwn(record, job.spec.id)) return fs.inode(record.path) === null ? "gone" : "foreign";
  return readEvents(fs.own(record, job.spec.id)).populated ? "populated" : "empty";
}
