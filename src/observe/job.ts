/** What is seen of a job, built in one place for its supervisor, `corral kill` and a sweep. */
import { readEvents, readEventsAt } from "../cgroup/events.ts";
import { isForbidden } from "../base/errno.ts";
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { type Readable, readable, readOomKills } from "../cgroup/usage.ts";
import { CgroupError } from "../base/errors.ts";
import { type CgroupRecord, type Exit, type Job, NO_LIMITS, runningFacts } from "../job/job.ts";
import { diesAsOne } from "../job/limits.ts";
import type { Observation } from "../job/observation.ts";
import { jobsOfCgroup } from "../job/names.ts";
import type { JobStore } from "../store/jobs.ts";
import { type Clock, startedBootMs } from "../linux/clock.ts";
import { isSameNamespace } from "../linux/proc.ts";
import { readCpuTime } from "./cpu_time.ts";
import type { Node } from "./node.ts";
import type { Sampling } from "./sampling.ts";

/** The job's cgroup: as recorded, or by name when it never ran; null when there is none. */
export function cgroupRecord(node: Node, job: Job): CgroupRecord | null {
  const run = runningFacts(job);
  if (run !== null) return run.cgroup;
  return isOfThisBoot(node, job) && isOfThisNamespace(node, job)
    ? node.backendOf(job).find(job.spec.id)
    : null;
}

/** True when pids and cgroups of the record mean anything: the node has not rebooted since. */
export function isOfThisBoot({ clock }: Pick<Node, "clock">, { watch }: Pick<Job, "watch">): boolean {
  return watch?.supervisor.bootId === clock.bootId();
}

/** False when the record's pids are those of another PID namespace. */
function isOfThisNamespace({ procs }: Pick<Node, "procs">, { watch }: Pick<Job, "watch">): boolean {
  return watch !== null && isSameNamespace(watch.supervisor.pidNamespace, procs.pidNamespace);
}

/** What the observer was asked for and knows besides what it sees; `bootMs` is now, unless it is given. */
export type ObserveOptions =
  & Partial<Pick<Observation, "endRequest" | "onOrphan" | "finishedByOwner" | "bootMs" | "unhealthy">>
  & { recorded?: Recorded };

/** The records of other jobs: those in which jobs were started. */
export type Recorded = Pick<JobStore, "get">;

/** Observes a job from outside of its supervisor. Throws CgroupError. */
export function observeJob(
  node: Node,
  job: Job,
  { recorded, ...options }: ObserveOptions = {},
): Observation {
  const vantage = vantageOf(node, job);
  const sameBoot = vantage !== "here" || isOfThisBoot(node, job);
  const record = sameBoot ? cgroupRecord(node, job) : null;
  const cgroup = record === null ? "gone" : stateOfCgroup(node.cgroups(), record, job.spec.id);
  const bootMs = options.bootMs ?? node.clock.bootMs();
  return observation({
    bootMs,
    vantage,
    sameBoot,
    cgroup,
    supervisor: isSupervisorAlive(node, job) ? "alive" : "gone",
    leader: isLeaderAlive(node, job, cgroup) ? { alive: true } : { alive: false, exit: null },
    cpuTime: cgroup === "populated" && job.phase.state === "running"
      ? readCpuTime(job.spec, filesOf(node.cgroups(), record!, job.spec.id), node.procs.root)
      : null,
    supervisorAgeMs: job.watch === null ? 0 : bootMs - startedBootMs(job.watch.supervisor),
    ...options,
  }, {
    oomKills: () => readOomKills(node.cgroups(), record!.path, { diesAsOne: diesAsOne(job.spec.limits) }),
    killedByGuard: () => bearsMarkOfGuard(node.cgroups(), record!.path),
    outerEnded: () => sameBoot && record !== null && hasOuterEnded(node.cgroups(), record.path, recorded),
  });
}

/** By its record, which comes first, or by its cgroup: its end empties that before it removes it. */
function hasOuterEnded(fs: CgroupFs, path: string, recorded: Recorded | undefined): boolean {
  const outer = jobsOfCgroup(path).at(-2);
  if (outer === undefined) return false;
  // A damaged row is reported by itself.
  const state = recorded?.get(outer.id, () => {})?.phase.state;
  if (state === "ending" || state === "ended") return true;
  try {
    return !readEventsAt(fs, outer.path).populated;
  } catch (error) {
    // Locked by the outer job itself, it is there.
    if (error instanceof CgroupError && isForbidden(error.cause)) return false;
    throw error;
  }
}

/** A job as its supervisor holds it. */
interface OwnJob {
  cgroup: OwnedCgroup;
  spec?: Pick<Job["spec"], "limits" | "cpuTimeMs">;
  sampling?: Pick<Sampling, "oomKillsBefore">;
}

/** From an OOM kill to the exit of what was killed, at most: it may be waiting for a disk. */
const OOM_EXIT_CAP_MS = 5_000;

/** What only the supervisor knows: how the first process left, who asked for the end, and whether its caller is gone. */
export interface OwnKnowledge extends Pick<Observation, "endRequest" | "callerGone" | "unhealthy"> {
  clock: Clock;
  procs: Pick<Node["procs"], "root">;
  exit: Exit | null;
}

/** Observes a job as its supervisor, which made the cgroup: anything else at its path means that the job's is gone. Throws CgroupError. */
export function observeOwn({ cgroup, spec, sampling }: OwnJob, known: OwnKnowledge): Observation {
  const { exit, endRequest, callerGone, unhealthy } = known;
  const isThere = cgroup.exists();
  return observation({
    bootMs: known.clock.bootMs(),
    vantage: "here",
    sameBoot: true,
    cgroup: !isThere ? "gone" : readEvents(cgroup).populated ? "populated" : "empty",
    supervisor: "self",
    leader: exit === null ? { alive: true } : { alive: false, exit },
    cpuTime: isThere ? readCpuTime(spec, filesOfOwn(cgroup), known.procs.root) : null,
    supervisorAgeMs: 0,
    onOrphan: "keep",
    endRequest,
    callerGone,
    unhealthy,
  }, {
    oomKills: () =>
      readOomKills(cgroup.fs, cgroup.path, {
        diesAsOne: diesAsOne(spec?.limits ?? NO_LIMITS),
        earlier: sampling?.oomKillsBefore(OOM_EXIT_CAP_MS) ?? 0,
      }),
    killedByGuard: () => false,
    outerEnded: () => false,
  });
}

/**
 * The mark that a guard leaves which had to kill the job without corral: no cgroup may be made below it any more. It lies in the job's own
 * cgroup, and goes with it.
 */
export const GUARD_KILLED = { file: "cgroup.max.descendants", text: "0" } as const;

function bearsMarkOfGuard(fs: CgroupFs, path: string): boolean {
  return fs.readOptional(path, GUARD_KILLED.file)?.trim() === GUARD_KILLED.text;
}

type Seen =
  & Pick<
    Observation,
    "bootMs" | "vantage" | "sameBoot" | "cgroup" | "supervisor" | "leader" | "cpuTime" | "supervisorAgeMs"
  >
  & Partial<Observation>;

/** How they ended only matters once the first process is gone: a sweep looks at a thousand jobs, and at these files of few. */
function observation(
  seen: Seen,
  { oomKills, killedByGuard, outerEnded }: {
    oomKills: () => number | null;
    killedByGuard: () => boolean;
    outerEnded: () => boolean;
  },
): Observation {
  const isThere = seen.cgroup === "populated" || seen.cgroup === "empty";
  return {
    oomKills: isThere && !seen.leader.alive ? oomKills() ?? 0 : 0,
    killedByGuard: isThere && !seen.leader.alive && killedByGuard(),
    outerEnded: !seen.leader.alive && outerEnded(),
    endRequest: null,
    onOrphan: "kill",
    finishedByOwner: false,
    callerGone: false,
    unhealthy: null,
    ...seen,
  };
}

/**
 * Another boot id alone is no reboot: the job's cgroup, whose name no other has, or its supervisor, at the same tick of the same kernel,
 * would not have outlived one.
 */
function vantageOf(node: Node, job: Job): Observation["vantage"] {
  if (isOfThisBoot(node, job)) return isOfThisNamespace(node, job) ? "here" : "other-namespace";
  const run = runningFacts(job);
  const isThere = run !== null && node.cgroups().isOwn(run.cgroup, job.spec.id);
  if (!isThere && !isSupervisorOfSomeBoot(node, job)) return "here";
  return isOfThisNamespace(node, job) ? "other-boot" : "other-namespace";
}

function isSupervisorOfSomeBoot({ procs }: Node, { watch }: Job): boolean {
  if (watch === null) return false;
  const { supervisor } = watch;
  const isComparable = (supervisor.pidNamespace ?? null) !== null;
  return isComparable && procs.isAlive(supervisor, supervisor.bootId);
}

/** One that is hidden may be it; another user's is not, for a supervisor is of the store's user. */
function isSupervisorAlive({ procs, clock }: Node, { watch }: Job): boolean {
  return watch !== null && ["alive", "hidden"].includes(procs.liveness(watch.supervisor, clock.bootId()));
}

/**
 * An adopted job has no first process: it lives as long as anything of it does. So does one with `--wait-all`, and one whose first process hides itself, for it may
 * have become another user's (setuid).
 */
function isLeaderAlive(node: Node, job: Job, cgroup: Observation["cgroup"]): boolean {
  if (job.spec.adopted || job.spec.waitAll) return cgroup === "populated";
  const run = runningFacts(job);
  if (run === null || job.watch === null) return false;
  const { bootId, pidNamespace } = job.watch.supervisor;
  const { pid, startTicks } = run;
  const liveness = node.procs.liveness(
    { pid, startTicks, bootId, pidNamespace: pidNamespace ?? null },
    node.clock.bootId(),
  );
  return liveness === "alive" || (liveness !== "gone" && cgroup === "populated");
}

function stateOfCgroup(fs: CgroupFs, record: CgroupRecord, id: string): Observation["cgroup"] {
  if (!fs.isOwn(record, id)) return fs.inode(record.path) === null ? "gone" : "foreign";
  return isPopulated(fs, record, id) ? "populated" : "empty";
}

/** The files of the job's cgroup, read as isPopulated() does. */
function filesOf(fs: CgroupFs, record: CgroupRecord, id: string): Readable {
  const file = readable(fs, record.path);
  return {
    ...file,
    read: (name) => {
      try {
        return file.read(name);
      } catch (error) {
        if (!(error instanceof CgroupError && isForbidden(error.cause))) throw error;
        return fs.own(record, id).read(name);
      }
    },
  };
}

function filesOfOwn(cgroup: OwnedCgroup): Readable {
  return { read: (file) => cgroup.read(file), locate: (file) => cgroup.fs.locate(cgroup.path, file) };
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
