/** What a process other than the supervisor sees of a job. */
import { readEvents } from "../cgroup/events.ts";
import { readUsage } from "../cgroup/usage.ts";
import type { Context } from "../context.ts";
import type { Observation } from "../job/decide.ts";
import { type CgroupRecord, type Job, runningFacts } from "../job/job.ts";

/** The job's cgroup: as recorded, or by name while the job is starting; null when there is none. */
export function cgroupRecord(context: Context, job: Job): CgroupRecord | null {
  const run = runningFacts(job);
  if (run !== null) return run.cgroup;
  return job.spec.bootId === context.clock.bootId() ? context.backendOf(job).find(job.spec.id) : null;
}

/** Observes one job now. `endRequest` is the observer's own wish. Throws CgroupError. */
export function observeJob(context: Context, job: Job, endRequest: Observation["endRequest"]): Observation {
  const bootId = context.clock.bootId();
  const run = runningFacts(job);
  const record = cgroupRecord(context, job);
  const cgroup = stateOfCgroup(context, job, record);
  const leaderAlive = run !== null && context.procs.isAlive({ ...run, bootId: job.spec.bootId }, bootId);
  return {
    bootMs: context.clock.bootMs(),
    sameBoot: job.spec.bootId === bootId,
    cgroup,
    supervisor: context.procs.isAlive(job.spec.supervisor, bootId) ? "alive" : "gone",
    leader: leaderAlive ? { alive: true } : { alive: false, exit: null },
    oomKills: record !== null && (cgroup === "populated" || cgroup === "empty")
      ? readUsage(context.cgroups(), record.path).oomKills ?? 0
      : 0,
    endRequest,
    onOrphan: "kill",
  };
}

function stateOfCgroup(context: Context, job: Job, record: CgroupRecord | null): Observation["cgroup"] {
  if (record === null || job.spec.bootId !== context.clock.bootId()) return "gone";
  const fs = context.cgroups();
  if (!fs.isOwn(record, job.spec.id)) return fs.inode(record.path) === null ? "gone" : "foreign";
  return readEvents(fs.own(record, job.spec.id)).populated ? "populated" : "empty";
}
