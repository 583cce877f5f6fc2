/** Cgroups that bear the name of a job which is not live: those of ended jobs, and those that this store knows nothing of. */
import type { Context } from "../context.ts";
import type { CgroupRecord, Job } from "../job/job.ts";
import type { JobStore } from "../store/jobs.ts";

/** What lies in corral's places besides the live jobs. */
export interface Leftovers {
  /** Ended jobs whose cgroup is there: nobody lived to remove it. */
  ended: Job[];
  /** Not acted upon: they may be the jobs of another --state-dir. */
  unknown: { id: string; cgroup: CgroupRecord; isPopulated: boolean }[];
}

/** `isLive` tells the ids of the jobs that are looked at anyway. Throws CgroupError, StoreError. */
export function findLeftovers(context: Context, store: JobStore, isLive: (id: string) => boolean): Leftovers {
  const found: Leftovers = { ended: [], unknown: [] };
  for (const { id, cgroup } of context.backends().flatMap((backend) => backend.list())) {
    if (isLive(id)) continue;
    const job = store.get(id);
    if (job === null) found.unknown.push({ id, cgroup, isPopulated: isPopulated(context, cgroup) });
    else if (job.phase.state === "ended") found.ended.push(job);
  }
  return found;
}

function isPopulated(context: Context, { path }: CgroupRecord): boolean {
  return /^populated 1$/m.test(context.cgroups().readOptional(path, "cgroup.events") ?? "");
}
