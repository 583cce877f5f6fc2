/**
 * The Slurm job of a process, by what only root can have made: its cgroup, or the title of a slurmstepd above it. Pure. The environment
 * (SLURM_JOB_ID) is not asked: `sbatch` passes on what its caller had, and a user exports what the user likes.
 */

/** A step of a Slurm job. */
export interface SlurmStep {
  /** The job's number, of an array's task its own. */
  job: number;
  /** `batch`, `interactive`, `extern` or a number. */
  step: string | null;
}

/** As it is recorded. */
export interface SlurmJob extends SlurmStep {
  /** How often Slurm had requeued the job (SLURM_RESTART_COUNT). */
  restarts: number;
}

/** Numbers of jobs have 26 bits, those of a federation 32 (slurm.h). */
const MOST = 0xffff_ffff;

/** A whole number as Slurm writes one; null for anything else. */
export function slurmNumber(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return null;
  const number = Number(text);
  return number <= MOST ? number : null;
}

/**
 * The scope of all steps: `slurmstepd.scope`, with `NODENAME_` before it where slurmd was built with several on one node in mind, as
 * Debian's is. At the top: below user.slice a user makes cgroups of any name.
 */
const SCOPE = String.raw`^(?:/system\.slice)?/(?:[^/]+_)?slurmstepd\.scope`;
const JOB = String.raw`/job_(\d+)(?:/step_([a-z0-9]+))?(?=/|$)`;
const VERSION_2 = new RegExp(`${SCOPE}${JOB}`);
/** cgroup/v1: `/slurm/uid_1000/job_1/step_0`, `/slurm_NODENAME/…`. */
const VERSION_1 = new RegExp(String.raw`^/slurm(?:_[^/]+)?/uid_\d+${JOB}`);
const ANY_OF_SLURM = new RegExp(String.raw`${SCOPE}(?:/|$)|^/slurm(?:_[^/]+)?/uid_`);

/** The paths of a /proc/PID/cgroup (cgroups(7)), all hierarchies. */
function pathsOf(text: string): string[] {
  return text.split("\n").map((line) => /^\d+:[^:]*:(.*)$/.exec(line)?.[1]).filter((path) =>
    path !== undefined
  );
}

/** The step whose cgroup this is, by the text of a /proc/PID/cgroup; null for none. */
export function slurmStepOfCgroups(text: string): SlurmStep | null {
  for (const path of pathsOf(text)) {
    const found = VERSION_2.exec(path) ?? VERSION_1.exec(path);
    const job = slurmNumber(found?.[1]);
    if (job !== null) return { job, step: found?.[2] ?? null };
  }
  return null;
}

/** True where Slurm limits and counts by cgroups, whatever job it is. */
export function isInSlurmCgroup(text: string): boolean {
  return pathsOf(text).some((path) => ANY_OF_SLURM.test(path));
}

/** The step that a slurmstepd looks after, by its title: `slurmstepd: [42.batch]`, `[42.0]`; null for any other command line. */
export function slurmStepOfTitle(title: string): SlurmStep | null {
  const found = /^slurmstepd: \[(\d+)\.([a-z0-9]+)(?:\+\d+)?\]/.exec(title);
  const job = slurmNumber(found?.[1]);
  return job === null ? null : { job, step: found?.[2] ?? null };
}
