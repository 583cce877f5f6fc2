/** Cgroups that bear the name of a job and are not a live job's: the cgroups of ended jobs, and of jobs that are not in this store. */
import type { Node } from "./node.ts";
import { type Job, runningFacts } from "../job/job.ts";
import type { NamedCgroup } from "../backend/backend.ts";
import { readEventsAt } from "../cgroup/events.ts";
import type { JobStore } from "../store/jobs.ts";

/** What lies in corral's places besides the live jobs. */
export interface Leftovers {
  /** Ended jobs whose cgroup is there: no process lived to remove it. */
  ended: Job[];
  /** Not acted upon: they may be the jobs of another --state-dir, or of a row that was tampered with. */
  unknown: (NamedCgroup & { inode: number; isPopulated: boolean; isRecordedElsewhere: boolean })[];
}

/** `live` are the jobs that are looked at anyway. Throws CgroupError, StoreError. */
export function findLeftovers(node: Node, store: JobStore, live: readonly Job[]): Leftovers {
  const found: Leftovers = { ended: [], unknown: [] };
  const liveById = new Map(live.map((job) => [job.spec.id, job]));
  for (const named of node.backends().flatMap((backend) => backend.list())) {
    // A row that is damaged is reported as such when it is live; its cgroup as unknown.
    const job = liveById.get(named.id) ?? store.get(named.id, () => {});
    if (job !== null && isRecordedAs(named, job)) {
      // Live in this store since a moment ago, it is another `corral run`'s at this moment.
      if (job.phase.state === "ended" && !liveById.has(named.id)) found.ended.push(job);
    } else found.unknown.push(...stillThere(node, named, job !== null));
  }
  return found;
}

/** A job that never ran is found by its name alone. */
function isRecordedAs({ path }: NamedCgroup, job: Job): boolean {
  const run = runningFacts(job);
  return run === null || run.cgroup.path === path;
}

function stillThere(
  node: Node,
  named: NamedCgroup,
  isRecordedElsewhere: boolean,
): Leftovers["unknown"] {
  const fs = node.cgroups();
  const inode = fs.inode(named.path);
  if (inode === null) return [];
  return [{ ...named, inode, isPopulated: readEventsAt(fs, named.path).populated, isRecordedElsewhere }];
}
