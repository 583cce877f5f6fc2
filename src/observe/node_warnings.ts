/** Things about this node that a user should know at the launch, without being stopped by them. */
import type { Context } from "../cli/context.ts";
import type { JobSpec } from "../job/job.ts";
import { formatBytes } from "../value/size.ts";

/** Says each warning through `say`. */
export function warnAboutNode(context: Context, spec: JobSpec, say: (line: string) => void): void {
  const slurmJob = context.env["SLURM_JOB_ID"];
  if (slurmJob !== undefined && spec.backend === "systemd") {
    say(
      `warning: inside Slurm job ${slurmJob}: this job leaves Slurm's cgroup and accounting (stay in it with --backend cgroupfs)`,
    );
  }
  const totalBytes = memoryTotalBytes(context);
  if (spec.limits.memoryMaxBytes !== null && totalBytes !== null && spec.limits.memoryMaxBytes > totalBytes) {
    say(
      `warning: --memory ${formatBytes(spec.limits.memoryMaxBytes)} is more than this node has (${
        formatBytes(totalBytes)
      })`,
    );
  }
}

function memoryTotalBytes(context: Context): number | null {
  try {
    const kib = /^MemTotal:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`${context.procs.root}/meminfo`))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
