/** Cgroups that bear the name of a job which is not live: those of ended jobs, and those that this store knows nothing of. */
import type { Context } from "../context.ts";
import type { Job } from "../job/job.ts";
import type { NamedCgroup } from "../launch/backend.ts";
import { readEventsAt } from "../cgroup/events.ts";
import type { JobStore } from "../store/jobs.ts";

/** What lies in corral's places besides the live jobs. */
export interface Leftovers {
  /** Ended jobs whose cgroup is there: nobody lived to remove it. */
  ended: Job[];
  /** Not acted upon: they may be the jobs of another --state-dir. */
  unknown: (NamedCgroup & { inode: number; isPopulated: boolean })[];
}

/** `isLive` tells the ids of the jobs that are looked at anyway. Throws CgroupError, StoreError. */
export function findLeftovers(context: Context, store: JobStore, isLive: (id: string) => boolean): Leftovers {
  const found: Leftovers = { ended: [], unknown: [] };
  for (const named of context.backends().flatMap((backend) => backend.list())) {
    if (isLive(named.id)) continue;
    const job = store.get(named.id);
    if (job?.phase.state === "ended") found.ended.push(job);
    // Inserted a moment ago, it is another `corral run`'s at this moment.
    if (job === null) found.unknown.push(...stillThere(context, named));
  }
  return found;
}

function stillThere(context: Context, named: NamedCgroup): Leftovers["unknown"] {
  const fs = context.cgroups();
  const inode = fs.inode(named.path);
  if (inode === null) return [];
  return [{ ...named, inode, isPopulated: readEventsAt(fs, named.path).populated }];
}
