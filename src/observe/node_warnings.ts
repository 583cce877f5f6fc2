/** Things about this node that a user should know at the launch, without being stopped by them. */
import type { Node } from "./node.ts";
import { memoryTotalBytes } from "./room.ts";
import type { JobSpec, Watch } from "../job/job.ts";
import type { SlurmHere } from "./slurm.ts";
import { formatBytes } from "../value/size.ts";

/** Prints each warning through `say`. */
export function warnAboutNode(
  on: Pick<Node, "procs">,
  job: { spec: JobSpec; watch: Watch; slurm?: SlurmHere | null },
  say: (line: string) => void,
): void {
  const { slurm = null } = job;
  // Where Slurm tracks processes by their parents, there is no cgroup of a step to leave.
  if (slurm?.hasCgroup && job.watch.backend === "systemd") {
    say(
      `warning: inside Slurm job ${slurm.job.job}: this job leaves the cgroup of its step, which is root's, and with it Slurm's limits and accounting`,
    );
  }
  const totalBytes = memoryTotalBytes(on.procs);
  if (
    job.spec.limits.memoryMaxBytes !== null && totalBytes !== null &&
    job.spec.limits.memoryMaxBytes > totalBytes
  ) {
    say(
      `warning: --memory ${formatBytes(job.spec.limits.memoryMaxBytes)} is more than this node has (${
        formatBytes(totalBytes)
      })`,
    );
  }
}
