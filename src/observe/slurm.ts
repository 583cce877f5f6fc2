/** The Slurm job in which corral was started: by its cgroup, else by the slurmstepd above it. */
import type { Identity } from "../job/job.ts";
import {
  isInSlurmCgroup,
  type SlurmJob,
  slurmNumber,
  type SlurmStep,
  slurmStepOfCgroups,
  slurmStepOfTitle,
} from "../job/slurm.ts";
import type { Caller } from "../linux/caller.ts";
import { commandWords } from "../linux/processes.ts";
import type { Procs, ProcStat } from "../linux/proc.ts";
import type { Node } from "./node.ts";

/** Where corral runs, seen from Slurm. */
export interface SlurmHere {
  job: SlurmJob;
  /** The step's slurmstepd, with which the step ends; null where it is hidden. */
  stepd: Identity | null;
  /** Slurm limits and counts the step by its cgroup. */
  hasCgroup: boolean;
}

const ROOT = 0;
const STEPD = "slurmstepd";

/** Null outside of Slurm. */
export async function slurmHere(
  { procs, clock, env }: Pick<Node, "procs" | "clock"> & Pick<Caller, "env">,
): Promise<SlurmHere | null> {
  const above = ancestors(procs, Deno.pid);
  const stepd = above.find((stat) => isStepd(procs, stat)) ?? null;
  const cgroups = procs.readIfAllowed(Deno.pid, "cgroup") ?? "";
  const step = slurmStepOfCgroups(cgroups) ?? (stepd === null ? null : await stepOf(procs, stepd.pid));
  if (step === null) return null;
  const ofStepd = stepd === null ? "" : procs.readIfAllowed(stepd.pid, "cgroup") ?? "";
  return {
    // The count is no more than a note: nothing is decided by it.
    job: { ...step, restarts: slurmNumber(env["SLURM_RESTART_COUNT"]) ?? 0 },
    stepd: stepd === null ? null : procs.identify(stepd.pid, clock.bootId()),
    hasCgroup: isInSlurmCgroup(cgroups) || isInSlurmCgroup(ofStepd),
  };
}

async function stepOf(procs: Procs, pid: number): Promise<SlurmStep | null> {
  const words = await commandWords(procs, pid);
  return words === null || words === "gone" ? null : slurmStepOfTitle(words.join(" "));
}

/** A user can name a process so too, and not make it root's. */
export function isStepd(procs: Procs, { pid, name }: Pick<ProcStat, "pid" | "name">): boolean {
  return name === STEPD && procs.uid(pid) === ROOT;
}

/** The parent of a process, its parent and so on, without pid 1. */
export function ancestors(procs: Procs, of: number): ProcStat[] {
  const found: ProcStat[] = [];
  for (let pid = procs.statIfShown(of)?.ppid ?? 0; pid > 1;) {
    const stat = procs.statIfShown(pid);
    if (stat === null || found.some((known) => known.pid === pid)) break;
    found.push(stat);
    pid = stat.ppid;
  }
  return found;
}
