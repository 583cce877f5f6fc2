/**
 * What the steps of a Slurm job left behind. Where Slurm tracks processes by their parents (proctrack/linuxproc), whatever has made a session
 * of its own outlives the job: in slurmd's cgroup, with the job's number in its environment. A process of the job's user is the job's
 * - by its cgroup, where Slurm makes one for each job: that only root can have chosen;
 * - else in slurmd's own cgroup, and by its environment. A login session, and with it the shell of an salloc or an srun that was typed
 *   there, has a cgroup of its own.
 * With a slurmstepd above, it is part of a step that lives.
 */
import { slurmNumber, slurmStepOfCgroups } from "../job/slurm.ts";
import { hasEnded, parseCgroupPath, type Procs } from "../linux/proc.ts";
import { type ProcessSource, variablesOf } from "../linux/processes.ts";
import type { Identity } from "../job/job.ts";
import { ancestors, isStepd } from "./slurm.ts";

/** A Slurm job that is over on this node. */
export interface EndedSlurmJob {
  job: number;
  /** Its user. */
  uid: number;
}

/** A process of such a job. */
export interface LeftBehind extends Identity {
  name: string;
}

const SPELLINGS = ["SLURM_JOB_ID", "SLURM_JOBID"] as const;
/** In the environment of a Prolog or Epilog, of which several may run for the same job. */
const SCRIPT = "SLURM_SCRIPT_CONTEXT";

/** All there are now. What does not answer is left out. */
export async function findLeftBehind(source: ProcessSource, of: EndedSlurmJob): Promise<LeftBehind[]> {
  const { procs, clock } = source;
  const found = await Promise.all(
    procs.pids().map(async (pid) => {
      const stat = procs.statIfShown(pid);
      if (stat === null || await isLeftBehind(procs, pid, of) !== true) return null;
      return { pid, startTicks: stat.startTicks, bootId: clock.bootId(), name: stat.name };
    }),
  );
  return found.filter((process) => process !== null);
}

/** `unknown`: its environment does not answer. */
export async function isLeftBehind(
  procs: Procs,
  pid: number,
  { job, uid }: EndedSlurmJob,
): Promise<boolean | "unknown"> {
  const stat = procs.statIfShown(pid);
  const cgroups = procs.readIfAllowed(pid, "cgroup");
  if (stat === null || cgroups === null || hasEnded(stat) || procs.uid(pid) !== uid) return false;
  if ([stat, ...ancestors(procs, pid)].some((one) => isStepd(procs, one))) return false;
  const step = slurmStepOfCgroups(cgroups);
  if (step !== null) return step.job === job;
  const own = procs.cgroupPathIfShown(Deno.pid);
  // At the root of the hierarchy anything may be.
  if (own === null || own === "/" || parseCgroupPath(cgroups) !== own) return false;
  const variables = await variablesOf(procs, pid, [...SPELLINGS, SCRIPT]);
  if (variables === null) return "unknown";
  // A user cannot be spared by a variable: only root's own scripts are.
  if (uid === 0 && variables[SCRIPT] !== undefined) return false;
  return SPELLINGS.some((name) => slurmNumber(variables[name]) === job);
}
