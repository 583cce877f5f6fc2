/**
 * A job's first process that has left the job's cgroup: root may move itself anywhere, a user within what was delegated to them. It is the
 * job's all the same, and the end of the job ends it as well, with those of its descendants that lie where it lies.
 *
 * Outside of the cgroup a record alone does not make a process the job's: rows can lie. Pid and start time must be the recorded ones, and it
 * must be this process's own child, or bear the job's mark.
 */
import { explainWait } from "../../cgroup/survivors.ts";
import type { Identity, Job, RunningFacts, Survivor } from "../../job/job.ts";
import { isSameNamespace } from "../../linux/proc.ts";
import { descendantsOf, markerOf, type ProcessSource } from "../../linux/processes.ts";
import { type EndedProcess, endProcesses, type EndProcessesOptions } from "./end_processes.ts";

/** The first process and what is with it. */
export interface Departed {
  cgroupPath: string;
  processes: Identity[];
}

/** The job, as it is recorded. */
export interface DepartedFrom {
  id: string;
  run: RunningFacts;
  watch: Pick<NonNullable<Job["watch"]>, "supervisor">;
}

/** Null for a first process that is gone, or where it belongs, or that cannot be told from another one from here. */
export async function findDeparted(
  { procs, clock }: ProcessSource,
  { id, run, watch: { supervisor } }: DepartedFrom,
): Promise<Departed | null> {
  if (supervisor.bootId !== clock.bootId()) return null;
  if (!isSameNamespace(supervisor.pidNamespace, procs.pidNamespace)) return null;
  const stat = procs.statIfShown(run.pid);
  if (stat === null || stat.startTicks !== run.startTicks || "ZX".includes(stat.state)) return null;
  const cgroupPath = procs.cgroupPathIfShown(run.pid);
  if (cgroupPath === null || `${cgroupPath}/`.startsWith(`${run.cgroup.path}/`)) return null;
  if (stat.ppid !== Deno.pid && await markerOf(procs, run.pid) !== id) return null;
  const shown = procs.pids().flatMap((pid) => {
    const stat = procs.statIfShown(pid);
    return stat === null ? [] : [{ pid, ppid: stat.ppid, startTicks: stat.startTicks }];
  });
  const bootId = clock.bootId();
  const below = descendantsOf([run.pid], shown).filter(({ pid }) =>
    procs.cgroupPathIfShown(pid) === cgroupPath
  );
  const identities = [{ pid: run.pid, startTicks: run.startTicks }, ...below]
    .map(({ pid, startTicks }) => ({ pid, startTicks, bootId }));
  return { cgroupPath, processes: identities };
}

/** Ends them, each only while it lies there; gives what lives on. */
export async function endDeparted(
  source: ProcessSource,
  { cgroupPath, processes }: Departed,
  options: Omit<EndProcessesOptions, "stillMeant">,
): Promise<Survivor[]> {
  const ended = await endProcesses(processes, source, {
    ...options,
    stillMeant: ({ pid }) => source.procs.cgroupPathIfShown(pid) === cgroupPath,
  });
  return ended.filter(({ ended }) => ended === "alive" || ended === "refused")
    .map((one) => survivorOf(source, one));
}

function survivorOf({ procs }: ProcessSource, { pid, because }: EndedProcess): Survivor {
  const stat = procs.statIfShown(pid);
  const state = stat?.state ?? "?";
  return { pid, name: stat?.name ?? "?", state, wchan: null, because: because ?? explainWait(state, null) };
}
