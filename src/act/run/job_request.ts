import type { HealthRequest } from "./health_spec.ts";
import type { Pool } from "../../job/pool.ts";
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
  /** How its health is checked; null, and without, not at all. */
  health?: HealthRequest | null;
}

/** What a job of a pool is asked for besides. */
export interface PoolRequest {
  pool: Pool;
  priority: number;
  /** Not beside another live job of the same name. */
  isUnique: boolean;
  /** How often it may be queued again after a reboot. */
  requeue: number;
  /** All pools of the configuration: what ends here may be what another waits for. */
  pools: ReadonlyMap<string, Pool>;
}
