/** Rows of the page: what stands in its tables, findings and sentences. Types only (feed.ts). */

/** A part of a sentence. `flag` is an option to type; `job` links to it; `action` opens a dialog. */
export type Part =
  | { text: string; strong?: true }
  | { flag: string }
  | { jobId: string; name: string }
  | { action: Verb; jobId: string; text: string };

/** What may be done to a job where `allowChanges`. */
export type Verb = "kill" | "freeze" | "thaw" | "set-timeout" | "set-memory";

/** What needs attention, with its remedy; the worst comes first. */
export interface PageFinding {
  kind:
    | "unkillable"
    | "unhealthy"
    | "idle"
    | "memory-near-limit"
    | "deadline-near"
    | "orphan"
    | "escapee"
    | "store-silent"
    | "sweep-late"
    | "pressure";
  severity: "bad" | "attention";
  jobId: string | null;
  sinceMs: number | null;
  /** What is so: job, user, the thing itself. */
  text: Part[];
  /** Its consequence and its remedy. */
  remedy: Part[];
  /** Short, for the right edge: `92 %`, `4m left`, `for 41m`. */
  value: string;
}

/** State, and the sign beside it where there is one: `KILL in 1s`, `idle 1h04m`. */
export interface LiveRow {
  id: string;
  name: string;
  ref: string | null;
  user: string;
  pool: string | null;
  state: "starting" | "running" | "idle" | "ending" | "unkillable" | "frozen";
  stateNote: { text: string; untilMs: number | null } | null;
  memoryBytes: number | null;
  memoryMaxBytes: number | null;
  memoryHighBytes: number | null;
  memoryPeakBytes: number | null;
  cpuCores: number | null;
  cpuMaxCores: number | null;
  readBytesPerSec: number | null;
  writtenBytesPerSec: number | null;
  processes: number | null;
  pidsMax: number | null;
  startedMs: number | null;
  deadlineMs: number | null;
  /** Twelve values of its memory over the last hour, bytes; oldest first; fewer for a young job. */
  spark: number[];
  /** When its store was read, where that was not now. */
  asOfMs: number | null;
}

/** A job that waits, and why. */
export interface QueuedRow {
  id: string;
  name: string;
  ref: string | null;
  user: string;
  pool: string;
  priority: number;
  position: number;
  needs: { memoryBytes: number | null; cpus: number | null };
  queuedMs: number;
  waitsFor:
    | "slot"
    | "pool-memory"
    | "pool-cpus"
    | "node-memory"
    | "pressure"
    | "behind"
    | "drained"
    | "stopped"
    | "frozen"
    | "starting";
  /** The sentence of `corral queue`. */
  text: Part[];
  startsBy: { afterId: string | null; atMs: number | null } | null;
}

/** A pool: used now, reserved by the limits of its jobs, and its own limits. */
export interface PoolRow {
  name: string;
  jobs: number;
  jobsMax: number | null;
  isDrained: boolean;
  queued: number;
  memory: { usedBytes: number | null; reservedBytes: number; limitBytes: number | null };
  cpu: { usedCores: number | null; reservedCores: number; limitCores: number | null };
}

/** What the node has left for pools. */
export interface NodeRoom {
  totalBytes: number;
  availableBytes: number;
  /** What running jobs may still take up to their limits. */
  promisedBytes: number;
  /** Kept back for the node. */
  reserveBytes: number;
  freeBytes: number;
  /** Above this share of memory pressure no job starts, percent. */
  pressureLimitPercent: number | null;
}

/** An ended job. */
export interface EndedRow {
  id: string;
  name: string;
  ref: string | null;
  user: string;
  reason: string;
  /** What `corral run` returned. */
  exitCode: number | null;
  endedMs: number;
  startedMs: number | null;
  wallMs: number | null;
  cpuUsageUsec: number | null;
  memoryPeakBytes: number | null;
  memoryMaxBytes: number | null;
  /** The sentence of `corral show`; empty for an end without fault. */
  text: Part[];
}
