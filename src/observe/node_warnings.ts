/** Things about this node that a user should know at the launch, without being stopped by them. */
import { readKernelText } from "../base/kernel_file.ts";
import type { Node } from "./node.ts";
import type { Caller } from "../linux/caller.ts";
import type { JobSpec, Watch } from "../job/job.ts";
import { formatBytes } from "../value/size.ts";

/** Prints each warning through `say`. */
export function warnAboutNode(
  on: Pick<Node, "procs"> & Pick<Caller, "env">,
  job: { spec: JobSpec; watch: Watch },
  say: (line: string) => void,
): void {
  const slurmJob = on.env["SLURM_JOB_ID"];
  if (slurmJob !== undefined && job.watch.backend === "systemd") {
    say(
      `warning: inside Slurm job ${slurmJob}: this job leaves Slurm's cgroup and accounting (stay in it with --backend cgroupfs)`,
    );
  }
  const totalBytes = memoryTotalBytes(on);
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

function memoryTotalBytes({ procs }: Pick<Node, "procs">): number | null {
  try {
    const kib = /^MemTotal:\s+(\d+) kB$/m.exec(readKernelText(`${procs.root}/meminfo`))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
