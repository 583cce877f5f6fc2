import type { BackendName, Limits } from "../../job/job.ts";

/** What `corral run` and `corral adopt` are asked for alike, all values read. */
export interface JobRequest {
  ref: string | null;
  tags: Record<string, string>;
  timeoutMs: number | null;
  cpuTimeMs: number | null;
  graceMs: number;
  /** Name of the first signal without SIG. */
  signal: string;
  limits: Limits;
  /** See withImpliedSwap. */
  swapIsImplied: boolean;
  backend: BackendName | "auto";
  bestEffort: boolean;
  /** What a sweep does with a job whose supervisor is gone: its guard does the same. */
  onOrphan: "kill" | "keep";
}
