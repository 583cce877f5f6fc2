/** Pauses a job and resumes it, whichever process supervises it. Its deadline goes on meanwhile. */
import { CorralError } from "../../base/errors.ts";
import { freeze, isFrozen, thaw } from "../../cgroup/freezer.ts";
import { FREEZE_CAP_MS } from "../../cgroup/terminate.ts";
import type { Job } from "../../job/job.ts";
import type { Node } from "../../observe/node.ts";
import { ownCgroup } from "../../observe/own_cgroup.ts";
import type { JobStore } from "../../store/jobs.ts";

/** Stops every process of the job where it is; what was done, in one line. Throws CorralError, StoreError. */
export async function freezeJob(node: Node, store: JobStore, job: Job): Promise<string> {
  const cgroup = ownCgroup(node, job);
  if (!await freeze(cgroup, FREEZE_CAP_MS)) {
    throw new CorralError(`job ${job.spec.id} cannot be frozen: a process waits in the kernel; it runs on`, {
      remedy: `corral show ${job.spec.id}`,
    });
  }
  record(node, store, job.spec.id, "frozen");
  return `${job.spec.id} frozen`;
}

/** Lets every process of a frozen job go on; what was done, in one line. Throws CorralError, StoreError. */
export function thawJob(node: Node, store: JobStore, job: Job): string {
  const cgroup = ownCgroup(node, job);
  const was = isFrozen(cgroup);
  thaw(cgroup);
  if (was) record(node, store, job.spec.id, "thawed");
  return `${job.spec.id} ${was ? "thawed" : "was not frozen"}`;
}

function record({ clock }: Node, store: JobStore, id: string, kind: string): void {
  store.addEvents(id, [{ atMs: clock.wallMs(), actor: store.actor, kind, detail: {} }]);
}
