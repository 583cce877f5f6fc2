/**
 * Processes that carry a job's marker and are in no job's cgroup: a job started them through another program (systemd-run --scope, a login),
 * or they were moved out of it. The marker is a variable of the environment, which a process can make up and a manager can hand on
 * (systemctl import-environment): it is a hint, and proves nothing by itself. An escapee
 * - is not older than its job, and of the job's boot and PID namespace;
 * - is no service of a manager's, which starts it with the environment that it was given: in a service, only what has a parent there
 *   that does not bear the marker (atd);
 * - is ended only if it is also the job's user's, the job is over, it is in no service, and no service bears the same marker: then a
 *   manager hands it on.
 */
import { jobOfCgroup, jobOfSupervisorScope, unitOfCgroup } from "../job/names.ts";
import { startedBootMs } from "../linux/clock.ts";
import { isSameNamespace } from "../linux/proc.ts";
import { markerOf, type ProcessSource } from "../linux/processes.ts";
import { type Identity, type Job, runningFacts } from "../job/job.ts";
import { quoted } from "../base/text.ts";
import type { JobStore } from "../store/jobs.ts";
import type { Finding } from "../job/finding.ts";

/** A process outside of its job, held by nothing but its identity. */
export interface Escapee {
  process: Identity;
  job: Job;
  /** Its user is the job's. */
  isOfJobsUser: boolean;
  /** A service bears the same marker: this process may have it from the manager too. */
  isMarkHandedOn?: boolean;
  name: string;
  cgroupPath: string;
}

/** All there are now, by pid. Processes whose environment does not answer are left out. Throws StoreError. */
export async function findEscapees(source: ProcessSource, store: JobStore): Promise<Escapee[]> {
  const jobs = new Map<string, Job | null>();
  const jobOf = (id: string) => {
    // The sweep reports a damaged row by itself.
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
  const found = marked.filter((one) => one !== null);
  const markedPids = new Set(found.map(({ pid }) => pid));
  const isService = (one: { pid: number; cgroupPath: string }) =>
    isInService(one.cgroupPath) && !hasUnmarkedParent(source, one, markedPids);
  const handedOn = new Set(found.filter(isService).map(({ id }) => id));
  return found.filter((one) => !isService(one)).flatMap((one) => {
    const job = jobOf(one.id);
    if (job === null) return [];
    return identified(source, job, one).map((escapee) => ({
      ...escapee,
      isMarkHandedOn: handedOn.has(one.id),
    }));
  });
}

/** True for what a manager started, be it the service's own process or what that has started in turn. */
export function isInService(cgroupPath: string): boolean {
  return unitOfCgroup(cgroupPath)?.endsWith(".service") ?? false;
}

/** True when a process of the same service started it, and has no marker to hand on. */
function hasUnmarkedParent(
  { procs }: ProcessSource,
  { pid, cgroupPath }: { pid: number; cgroupPath: string },
  marked: ReadonlySet<number>,
): boolean {
  const parent = procs.statIfShown(pid)?.ppid ?? 0;
  return parent > 1 && !marked.has(parent) && procs.cgroupPathIfShown(parent) === cgroupPath;
}

/** The start of a process is counted in ticks, and that of its job in milliseconds by another process. */
const START_TOLERANCE_MS = 1_000;

/** False for what was there before the job, or comes from another boot or PID namespace. */
export function canComeFrom(
  job: Job,
  { startTicks }: { startTicks: number },
  { procs, clock }: ProcessSource,
): boolean {
  const supervisor = job.watch?.supervisor;
  if (supervisor?.bootId !== clock.bootId()) return false;
  if (!isSameNamespace(supervisor.pidNamespace, procs.pidNamespace)) return false;
  const run = runningFacts(job);
  return run === null || startedBootMs({ startTicks }) >= run.startedBootMs - START_TOLERANCE_MS;
}

/** True for a job's own processes, and the supervisors of detached jobs that were started in a job. */
export function isCorrals(cgroupPath: string): boolean {
  return jobOfCgroup(cgroupPath) !== null || jobOfSupervisorScope(cgroupPath) !== null;
}

function identified(
  source: ProcessSource,
  job: Job,
  { pid, cgroupPath }: { pid: number; cgroupPath: string },
): Escapee[] {
  const { procs, clock } = source;
  const stat = procs.statIfShown(pid);
  if (stat === null || stat.kernelThread || pid === Deno.pid || !canComeFrom(job, stat, source)) return [];
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

/**
 * True for one that may be ended: its job is over, it is the job's user's, in no service, and no manager hands the marker on. While the job
 * lives, it works for it.
 */
export function isEndable({ job, isOfJobsUser, cgroupPath, isMarkHandedOn = false }: Escapee): boolean {
  return job.phase.state === "ended" && isOfJobsUser && !isMarkHandedOn && !isInService(cgroupPath);
}
