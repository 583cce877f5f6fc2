/** A job that is not ended, or has left something alive, as it is right now. */
import type { Job } from "./job.ts";

/** What its cgroup shows; null where it cannot be read. */
export interface LiveJob {
  readonly job: Job;
  /** Of one core. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly procs: number | null;
  readonly frozen: boolean;
  /** Nodes of GPUs that its processes hold: `nvidia0`. */
  readonly gpus: readonly string[];
}
