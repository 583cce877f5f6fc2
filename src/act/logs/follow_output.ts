/** The output of a job that is still to come: waits for its file, and copies until the job has ended. */
import type { Job } from "../../job/job.ts";
import type { Caller } from "../../linux/caller.ts";
import type { CopyTo } from "../../linux/copied_output.ts";
import type { Node } from "../../observe/node.ts";
import type { JobStore } from "../../store/jobs.ts";
import { copyOutputOf, outputOf } from "./output_of.ts";

/** Between two looks at a launch that has not recorded where the output goes. */
const LAUNCH_LOOK_MS = 200;

/** A job with its store, and what is wanted of its output. */
export interface Followed {
  job: Job;
  store: JobStore;
  stateDir: string;
  lines: number | null;
  /** Aborts at the end of the job. */
  over: AbortSignal;
}

/** Resolves when the job has ended and all of its output is copied, or nothing more is wanted. Throws CorralError. */
export async function followOutput(
  node: Pick<Node, "run" | "pause"> & Pick<Caller, "uid">,
  { job, store, stateDir, lines, over }: Followed,
  to: CopyTo,
): Promise<void> {
  let [now, path] = [job, outputOf(job, stateDir)];
  while (path === null) {
    await node.pause(LAUNCH_LOOK_MS);
    now = store.get(job.spec.id) ?? now;
    path = outputOf(now, stateDir);
    if (path === null && over.aborted) return;
  }
  await copyOutputOf(now, { path, lines, over }, { node, to });
}
