/** The right to act on a live job's cgroup, with words for when there is none. */
import type { OwnedCgroup } from "../cgroup/file.ts";
import type { Node } from "./node.ts";
import { CorralError } from "../base/errors.ts";
import { isLive, type Job } from "../job/job.ts";
import { cgroupRecord, isOfThisBoot } from "./job.ts";

/** Throws CorralError (exit 1) when the job has ended or its cgroup is gone, CgroupError when it is not the job's own. */
export function ownCgroup(node: Node, job: Job): OwnedCgroup {
  const { id } = job.spec;
  if (!isLive(job)) throw new CorralError(`job ${id} has ended`, { remedy: `corral show ${id}` });
  if (job.phase.state === "queued") {
    throw new CorralError(`job ${id} waits in the queue`, { remedy: `corral queue` });
  }
  const record = isOfThisBoot(node, job) ? cgroupRecord(node, job) : null;
  if (record === null || node.cgroups().inode(record.path) === null) {
    throw new CorralError(`job ${id} has no cgroup any more`, {
      remedy: `corral kill ${id} records its end`,
    });
  }
  return node.cgroups().own(record, id);
}
