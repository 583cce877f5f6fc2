/** Processes that no job may take, each with the reason in words. Pure. */
import { jobOfSupervisorScope, jobsOfCgroup } from "../../job/names.ts";
import { isInSlurmCgroup } from "../../job/slurm.ts";
import { parseCgroupPath, type ProcStat } from "../../linux/proc.ts";
import { quoted } from "../../base/text.ts";

/** A process that is to be taken. */
export interface Candidate {
  stat: ProcStat;
  /** Real user; null when it is gone. */
  uid: number | null;
  /** The text of its /proc/PID/cgroup, all hierarchies. */
  cgroups: string;
}

/** The process that adopts. */
export interface Adopter {
  uid: number;
  /** corral itself and all it was called from. */
  ownPids: ReadonlySet<number>;
  /** The job that it is to be in. */
  id: string;
  /** Pids of supervisors, with their jobs. */
  supervisors: ReadonlyMap<number, string>;
  /** Jobs of which nothing is enforced any more. */
  isOver: (id: string) => boolean;
  /** Also out of Slurm's sight. */
  force: boolean;
}

/** As what follows `process 4711`; null when nothing speaks against it. */
export function whyNot(candidate: Candidate, adopter: Adopter): string | null {
  const { stat, uid, cgroups } = candidate;
  const path = parseCgroupPath(cgroups);
  // Of a job that is over in one that lives, too.
  const job = jobsOfCgroup(path).map(({ id }) => id).findLast((id) =>
    id !== adopter.id && !adopter.isOver(id)
  );
  const supervised = adopter.supervisors.get(stat.pid) ?? jobOfSupervisorScope(path);
  if (stat.pid === 1) return "is the first process of this node";
  if (stat.kernelThread) return "is a kernel thread";
  // Moved, it would be in neither cgroup.procs, and out of reach of cgroup.kill (Linux 6.18): its main thread stays where it ended.
  if (stat.exiting && stat.threads > 1) {
    return "has lost its main thread, and such a process cannot be moved whole";
  }
  if (adopter.ownPids.has(stat.pid)) return "is corral itself, or what it was called from";
  if (supervised !== null) return `supervises job ${supervised}`;
  if (job !== undefined) return `is in job ${job} already`;
  if (path?.endsWith("/init.scope")) return "is systemd itself";
  if (adopter.uid !== 0 && uid !== null && uid !== adopter.uid) {
    return `belongs to another user (uid ${uid}): that takes root`;
  }
  if (isInSlurmCgroup(cgroups) && !adopter.force) {
    return "is in a Slurm step, whose limits and accounting it would leave: limit it through Slurm, or say --force";
  }
  return null;
}

/** `process 4711 ("sleep")`, with whom it descends from when it was not named itself. */
export function nameOf({ pid, name }: ProcStat, namedPids: readonly number[]): string {
  const below = namedPids.includes(pid) ? "" : `, below ${namedPids.join(", ")},`;
  return `process ${pid} (${quoted(name)})${below}`;
}

/** Units and other cgroups with an accounting of their own, out of /proc/PID/cgroup texts: what the processes leave. Sorted, each once. */
export function placesLeft(cgroupTexts: readonly string[]): string[] {
  const places = cgroupTexts.map((text) => {
    const path = parseCgroupPath(text) ?? "/";
    const unit = path.split("/").findLast((segment) => /\.(service|scope)$/.test(segment));
    return unit ?? path;
  });
  return [...new Set(places)].filter((place) => place !== "/").sort();
}
