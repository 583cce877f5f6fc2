/**
 * Processes that carry a job's marker and are in no job's cgroup: what a job started through somebody else (systemd-run, a login) or what
 * was moved out of it. Found by their environment, which the process itself could have made: a marker is a hint and never enough to kill a
 * process of another user.
 */
import { jobOfCgroup, jobOfSupervisorScope } from "../job/names.ts";
import { markerOf, type ProcessSource } from "../linux/processes.ts";
import type { Identity, Job } from "../job/job.ts";
import { quoted } from "../base/text.ts";
import type { JobStore } from "../store/jobs.ts";
import type { Finding } from "../job/finding.ts";

/** A process outside of its job, held by nothing but its identity. */
export interface Escapee {
  process: Identity;
  job: Job;
  /** Its user is the job's. */
  isOfJobsUser: boolean;
  name: string;
  cgroupPath: string;
}

/** All there are now, by pid. Processes whose environment does not answer are left out. Throws StoreError. */
export async function findEscapees(source: ProcessSource, store: JobStore): Promise<Escapee[]> {
  const jobs = new Map<string, Job | null>();
  const jobOf = (id: string) => {
    // Whose row is damaged is told as such.
    if (!jobs.has(id)) jobs.set(id, store.get(id, () => {}));
    return jobs.get(id)!;
  };
  // Those in a job, mostly all, cost one file each.
  const outside = source.procs.pids().flatMap((pid) => {
    const cgroupPath = source.procs.cgroupPathIfShown(pid);
    return cgroupPath === null || isCorrals(cgroupPath) ? [] : [{ pid, cgroupPath }];
  });
  const marked = await Promise.all(outside.map(async ({ pid, cgroupPath }) => {
    const id = await markerOf(source.procs, pid);
    return id === null ? null : { pid, id, cgroupPath };
  }));
  return marked.flatMap((found) => {
    const job = found === null ? null : jobOf(found.id);
    return found === null || job === null ? [] : identified(source, job, found);
  });
}

/** True for a job's own processes, and the supervisors of detached jobs that were started in a job. */
export function isCorrals(cgroupPath: string): boolean {
  return jobOfCgroup(cgroupPath) !== null || jobOfSupervisorScope(cgroupPath) !== null;
}

function identified(
  { procs, clock }: ProcessSource,
  job: Job,
  { pid, cgroupPath }: { pid: number; cgroupPath: string },
): Escapee[] {
  const stat = procs.statIfShown(pid);
  if (stat === null || stat.kernelThread || pid === Deno.pid) return [];
  // What waits at the gate of a launch bears the mark before it is put into the job's cgroup, and may be there by now.
  if (job.phase.state === "starting" || procs.cgroupPathIfShown(pid) !== cgroupPath) return [];
  const process = { pid, startTicks: stat.startTicks, bootId: clock.bootId() };
  return [{ process, job, isOfJobsUser: procs.uid(pid) === job.spec.uid, name: stat.name, cgroupPath }];
}

/** The escapee as something to be reported. */
export function escapeeFinding({ process, job, name, cgroupPath }: Escapee): Finding {
  const { pid, startTicks } = process;
  const { id } = job.spec;
  const isOver = job.phase.state === "ended" ? ", which is over" : "";
  return {
    kind: "escapee",
    key: `escapee ${pid} ${startTicks} ${isOver}`,
    id,
    pid,
    message: `process ${pid} ${quoted(name)} is in ${cgroupPath} and bears the mark of job ${id}${isOver}`,
  };
}

/** True for one that may be ended: its job is over, and it is the job's user's. While the job lives, it works for it. */
export function isEndable({ job, isOfJobsUser }: Escapee): boolean {
  return job.phase.state === "ended" && isOfJobsUser;
}
