/**
 * What `corral serve` sends to its page: the messages of the WebSocket and the answers below /api/page/. Types only; the server and the page
 * import them both. Units are in the names; null where the kernel gave nothing; names of users, jobs and files come as they are and are
 * made harmless where they are shown (text nodes).
 *
 * The page opens the WebSocket, gets a `snapshot` and then a `diff` each 2 s, with `seq` one higher each time. After a gap in `seq` it sends
 * `resync` and gets a snapshot. With `subscribe` it gets one job's `JobDetail` beside it, whole at first and then with the new samples only.
 */
import type { CourseBin, JobDetail, JobSample } from "./feed_answers.ts";
import type { EndedRow, LiveRow, NodeRoom, PageFinding, PoolRow, QueuedRow } from "./feed_rows.ts";

export type * from "./feed_answers.ts";
export type * from "./feed_rows.ts";

/** What the page sends. */
export type PageMessage = { type: "resync" } | { type: "subscribe"; jobId: string | null };

/** What the server sends. */
export type FeedMessage =
  | ({ type: "snapshot" } & Snapshot)
  | ({ type: "diff" } & Diff)
  | { type: "job"; detail: JobDetail }
  | { type: "job-more"; jobId: string; changed: Partial<JobDetail>; samples: JobSample[] }
  | { type: "no-job"; jobId: string };

/** A state of the whole node. */
export interface Snapshot extends NodeState {
  seq: number;
  jobs: LiveRow[];
}

/** The differences to the state before: what is named has changed and comes whole. */
export interface Diff {
  seq: number;
  changed: Partial<NodeState>;
  jobs: LiveRow[];
  goneJobIds: string[];
  /** Bin of the course that has just ended, if any. */
  course: CourseBin | null;
}

/** Everything but the live jobs. */
export interface NodeState {
  /** Whose jobs these are: `node` for root, `user` for one user's own. */
  scope: "node" | "user";
  /** That user's name; null for root. */
  user: string | null;
  host: string;
  bootId: string;
  /** Wall clock of the server, ms since the epoch. */
  nowMs: number;
  /** IANA name of the node's zone. */
  zone: string;
  /** Such as "corral 0.2.0, Linux 6.12, systemd 257". */
  versions: string;
  allowChanges: boolean;
  lastSweep: { atMs: number; ended: number; collected: number } | null;
  readouts: Readouts;
  findings: PageFinding[];
  queue: QueuedRow[];
  pools: PoolRow[];
  room: NodeRoom | null;
  /** The newest ends that were not well, newest first, at most 5. */
  endedLately: EndedRow[];
  /** The newest end of any job; null while there is none. */
  lastEnded: EndedRow | null;
  /** Stores that did not answer in time: their rows are as old as `asOfMs`. */
  silentStores: { user: string; asOfMs: number | null }[];
}

/** The figures on top of the page: what is used now, and by which jobs. */
export interface Readouts {
  memoryTotalBytes: number;
  memoryAvailableBytes: number | null;
  cores: number;
  /** Cores in use of all processes, over the last interval. */
  cpuCores: number | null;
  /** Of processes that belong to no job. */
  outside: { memoryBytes: number | null; cpuCores: number | null };
  /** Share of the last 10 s in which some task waited, percent. */
  pressure: { cpu: number | null; memory: number | null; io: number | null };
  /** Live states to their number: running, idle, starting, ending, frozen, unkillable. */
  jobsByState: Record<string, number>;
  queueLength: number;
  queueHeadSinceMs: number | null;
}
