/**
 * What `corral serve` sends to its page: the messages of the WebSocket and the answers below /api/page/. Types only; the server and the page
 * import them both. Units are in the names; null where the kernel gave nothing; names of users, jobs and files come as they are and are
 * made harmless where they are shown (text nodes).
 *
 * The page opens the WebSocket, gets a `snapshot` and then a `diff` each 2 s, with `seq` one higher each time. After a gap in `seq` it sends
 * `resync` and gets a snapshot. With `subscribe` it gets one job's `JobDetail` beside it, whole at first and then with the new samples only.
 */

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

/** A part of a sentence. `flag` is an option to type; `job` links to it; `action` opens a dialog. */
export type Part =
  | { text: string; strong?: true }
  | { flag: string }
  | { jobId: string; name: string }
  | { action: Verb; jobId: string; text: string };

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

/** GET /api/page/ended?since=MS&until=MS&search=TEXT&reason=WORD&cursor=TEXT */
export interface EndedPage {
  rows: EndedRow[];
  /** For the next page; null at the end. */
  cursor: string | null;
  /** Of the whole range and search, not only of these rows. */
  total: number;
  byReason: Record<string, number>;
  byUser: { user: string; jobs: number; cpuUsageUsec: number; memoryByteSeconds: number }[];
}

/** GET /api/page/course?from=MS&to=MS: bins of 5 minutes at most, chosen by the server. */
export interface Course {
  /** The end of each bin, ms since the epoch. */
  timesMs: number[];
  /** Largest first: at most 8 jobs, then `other`, then `outside`. */
  series: CourseSeries[];
  pressure: { cpu: (number | null)[]; memory: (number | null)[]; io: (number | null)[] };
  events: CourseEvent[];
  memoryTotalBytes: number;
  cores: number;
}

/** Memory and CPU of one job, of the other jobs, or of what runs outside of jobs; a value for each bin. */
export interface CourseSeries {
  kind: "job" | "other" | "outside";
  jobId: string | null;
  name: string;
  user: string | null;
  memoryBytes: (number | null)[];
  cpuCores: (number | null)[];
}

/** One bin of every live job and of the rest. */
export interface CourseBin {
  timeMs: number;
  jobs: { jobId: string; memoryBytes: number | null; cpuCores: number | null }[];
  outside: { memoryBytes: number | null; cpuCores: number | null };
  pressure: { cpu: number | null; memory: number | null; io: number | null };
}

/** A mark on the axis of the course. */
export interface CourseEvent {
  atMs: number;
  kind: "started" | "ended" | "oom" | "timeout" | "sweep";
  jobId: string | null;
  name: string;
  reason: string | null;
}

/** Everything about one job: live, queued or ended. */
export interface JobDetail {
  id: string;
  live: LiveRow | null;
  ended: EndedRow | null;
  queued: QueuedRow | null;
  /** One sentence: alive? until when? why did it end? */
  sentence: { severity: "ok" | "attention" | "bad"; text: Part[]; more: Part[][]; command: string | null };
  /** Each limit with its use; a limit that is not set has `limit` null. */
  limits: {
    key: string;
    label: string;
    unit: "bytes" | "cores" | "ms" | "count";
    used: number | null;
    peak: number | null;
    limit: number | null;
  }[];
  signs: {
    key: "cpu" | "io" | "output" | "heartbeat" | "health";
    lastMs: number | null;
    dueMs: number | null;
    verdict: "well" | "quiet" | "ill" | "unknown";
    text: string;
  }[];
  samples: JobSample[];
  limitChanges: { atMs: number; key: string; value: number | null }[];
  /** A row each process, or each group of like ones (`count`); parents first. */
  tree: {
    pid: number;
    depth: number;
    state: string;
    wchan: string | null;
    cpuPercent: number | null;
    rssBytes: number | null;
    ageMs: number | null;
    command: string;
    count: number;
  }[];
  treeCut: number;
  events: { atMs: number; text: string }[];
  /** Label and value, in the order of `corral show --full`. */
  facts: { label: string; value: string }[];
  output: { path: string; tail: string } | null;
}

/** One sample of a job: memory by kind, CPU, IO and pressure since the sample before. */
export interface JobSample {
  atMs: number;
  anonBytes: number | null;
  fileBytes: number | null;
  shmemBytes: number | null;
  slabBytes: number | null;
  memoryBytes: number | null;
  cpuCores: number | null;
  readBytesPerSec: number | null;
  writtenBytesPerSec: number | null;
  /** Share of the interval in which some of its tasks waited, percent. */
  stalledPercent: number | null;
}

/** What may be done to a job where `allowChanges`. */
export type Verb = "kill" | "freeze" | "thaw" | "set-timeout" | "set-memory";

/** GET /api/page/effect?job=ID&verb=VERB: what the dialog says before it is done. */
export interface Effect {
  processes: number;
  users: string[];
  /** Run time that is lost by an end, ms. */
  lostMs: number | null;
  freedBytes: number | null;
  startsNext: { id: string; name: string } | null;
  /** The same as a command line. */
  command: string;
}

/** POST /api/page/do, JSON. The answer: 200 `{"said": "..."}`, or 4xx/5xx `{"error": "..."}` of one line. */
export interface Change {
  jobId: string;
  verb: Verb;
  /** set-timeout: `+1h`; set-memory: `128G`; as `corral set` takes them. */
  value?: string;
}
