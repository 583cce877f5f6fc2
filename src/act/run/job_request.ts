import type { BackendName, Limits } from "../../job/job.ts";

/** What `corral run` and `corral adopt` are asked for alike, all values read. */
export interface JobRequest {
  ref: string | null;
  tags: Record<string, string>;
  timeoutMs: number | null;
  graceMs: number;
  /** Name of the first signal without SIG. */
  signal: string;
  limits: Limits;
  /** No swap limit was asked for: it is dropped without a word where swap is not accounted. */
  swapIsImplied: boolean;
  backend: BackendName | "auto";
  bestEffort: boolean;
}
