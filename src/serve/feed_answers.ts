/** What the page asks for beside its feed: ended jobs, the course of the node, one job, and changes. Types only (feed.ts). */
import type { EndedRow, LiveRow, Part, QueuedRow, Verb } from "./feed_rows.ts";

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
  /** `tail` is null while the file does not answer. */
  output: { path: string; tail: string | null } | null;
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
