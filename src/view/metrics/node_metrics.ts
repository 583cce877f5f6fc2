/** What the metrics are made of: a node at one moment, as a value. */
import type { Job } from "../../job/job.ts";
import type { JobNow as ObservedNow } from "../../observe/live.ts";

/** States of live jobs, as they are counted. */
export const LIVE_STATES = [
  "queued",
  "starting",
  "running",
  "frozen",
  "ending",
  "unkillable",
] as const;

/** One of them. */
export type LiveState = typeof LIVE_STATES[number];

/** A job that is not ended, or of which processes are left. */
export interface JobMetrics {
  readonly job: Job;
  readonly state: LiveState;
  /** Null where its cgroup cannot be read, or is not there yet. */
  readonly now: JobNow | null;
  /** Its health checks, by their names; true: unhealthy. */
  readonly checks: readonly { readonly name: string; readonly isUnhealthy: boolean }[];
}

/** What its cgroup shows. */
export type JobNow = Omit<ObservedNow, "frozen">;

/** A pool, and what is in it; null: no limit, or not known. */
export interface PoolMetrics {
  readonly name: string;
  readonly limitBytes: number | null;
  readonly reservedBytes: number;
  readonly measuredBytes: number | null;
  readonly running: number;
  readonly queued: number;
}

/** The node. Times are in milliseconds since the epoch. */
export interface NodeMetrics {
  readonly wallMs: number;
  /** CLOCK_BOOTTIME, in which deadlines are. */
  readonly bootMs: number;
  readonly cores: number | null;
  readonly memoryTotalBytes: number | null;
  readonly jobs: readonly JobMetrics[];
  /** Ended jobs by their reasons, dropped records included. */
  readonly endedByReason: ReadonlyMap<string, number>;
  readonly pools: readonly PoolMetrics[];
  /** Since when the job waits that has waited longest; null where none waits. */
  readonly oldestQueuedMs: number | null;
  readonly lastSweepMs: number | null;
  /** Users whose jobs are not all there. */
  readonly unanswered: number;
}
