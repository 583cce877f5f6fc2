/** What needs attention, each with its remedy or a question to ask; the worst comes first. Pure. */
import type { Finding } from "../job/finding.ts";
import type { Survivor } from "../job/job.ts";
import { stillAlive } from "../job/outcome.ts";
import { PRESSURE_LIMIT_PERCENT } from "../queue/admit.ts";
import { formatDuration } from "../value/duration.ts";
import { localTime } from "../value/local_time.ts";
import { formatBytes } from "../value/size.ts";
import { larger } from "../view/show_head.ts";
import type { LiveRow, PageFinding, Part, Readouts } from "./feed.ts";

/** What is known of a live job beside its row. */
export interface JobFacts {
  row: LiveRow;
  /** Memory that cannot be given back: without the pages of files. Null: unknown. */
  heldBytes: number | null;
  /** Bytes that its memory grows by in a second. */
  paceBytesPerSec: number | null;
  isSupervised: boolean;
  survivors: readonly Survivor[];
  endedMs: number | null;
  /** What a check of the job's health says; null for a job that is well. */
  health: Pick<PageFinding, "kind" | "severity" | "sinceMs" | "text" | "remedy" | "value"> | null;
}

/** The node at one moment. */
export interface FindingInput {
  nowMs: number;
  jobs: readonly JobFacts[];
  readouts: Pick<Readouts, "pressure">;
  silentStores: readonly { user: string; asOfMs: number | null }[];
  /** When the last sweep ended; null where this process does not know of one. */
  lastSweepMs: number | null;
  /** What the last sweep reported. */
  swept: readonly Finding[];
}

/** From this share of its limit on a job is near it. */
const NEAR_SHARE = 0.9;
const DEADLINE_NEAR_MS = 300_000;
/** Sweeps come every 10 s here, every minute by a timer. */
const SWEEP_LATE_MS = 180_000;
const IO_PRESSURE_PERCENT = 60;
/** Beyond this the reckoned moment tells nothing. */
const FORECAST_MS = 86_400_000;
/** What does not fit on a page helps no one. */
const MOST = 50;

const ORDER: readonly PageFinding["kind"][] = [
  ...["unkillable", "unhealthy", "memory-near-limit", "deadline-near", "orphan", "escapee"] as const,
  ...["pressure", "store-silent", "sweep-late", "idle"] as const,
];

/** At most fifty. */
export function pageFindings(input: FindingInput): PageFinding[] {
  const all = [
    ...input.jobs.flatMap((job) => [
      ...unkillable(job),
      ...health(job),
      ...memoryNear(job, input.nowMs),
      ...deadlineNear(job, input.nowMs),
      ...orphan(job),
    ]),
    ...escapees(input),
    ...pressure(input),
    ...silent(input),
    ...sweepLate(input),
  ];
  const rank = ({ severity, kind }: PageFinding) =>
    (severity === "bad" ? 0 : ORDER.length) + ORDER.indexOf(kind);
  return all.sort((a, b) => rank(a) - rank(b) || (a.sinceMs ?? Infinity) - (b.sinceMs ?? Infinity)).slice(
    0,
    MOST,
  );
}

/** `JOB of anna: ` and what is so, in bold. */
function about({ id, name, user }: LiveRow, what: string): Part[] {
  return [{ jobId: id, name }, { text: ` of ${user}: ` }, { text: what, strong: true }];
}

function unkillable({ row, survivors, endedMs }: JobFacts): PageFinding[] {
  if (row.state !== "unkillable") return [];
  const because = survivors[0]?.because ?? "they wait in the kernel";
  return [{
    kind: "unkillable",
    severity: "bad",
    jobId: row.id,
    sinceMs: endedMs,
    text: about(row, stillAlive(survivors.length)),
    remedy: [{
      text: `${because}. Every sweep and corral kill tries again; what the processes wait for has to answer.`,
    }],
    value: countOf(survivors.length),
  }];
}

function countOf(count: number): string {
  return count === 1 ? "1 process" : `${count} processes`;
}

function health({ row, health: found }: JobFacts): PageFinding[] {
  return found === null ? [] : [{ ...found, jobId: row.id }];
}

function memoryNear({ row, heldBytes, paceBytesPerSec }: JobFacts, nowMs: number): PageFinding[] {
  const limit = row.memoryMaxBytes;
  const used = heldBytes ?? row.memoryBytes;
  if (limit === null || used === null || used < NEAR_SHARE * limit || row.state === "unkillable") return [];
  const share = Math.min(100, Math.floor(used / limit * 100));
  return [{
    kind: "memory-near-limit",
    severity: "attention",
    jobId: row.id,
    sinceMs: null,
    text: about(row, `it holds ${share} % of its memory limit of ${formatBytes(limit)}`),
    remedy: [
      { text: `${forecast({ used, limit, paceBytesPerSec, nowMs })} ` },
      { action: "set-memory", jobId: row.id, text: "Raise the limit" },
      { text: ", such as " },
      { flag: `--memory ${larger(limit)}` },
    ],
    value: `${share} %`,
  }];
}

/** When the limit is reached at the pace of the last half hour. */
export function forecast(
  { used, limit, paceBytesPerSec, nowMs }: {
    used: number;
    limit: number;
    paceBytesPerSec: number | null;
    nowMs: number;
  },
): string {
  if (paceBytesPerSec === null) return "The kernel kills it when it reaches the limit.";
  const leftMs = paceBytesPerSec <= 0 ? Infinity : Math.max(0, limit - used) / paceBytesPerSec * 1000;
  if (leftMs > FORECAST_MS) {
    return "It does not grow at present. The kernel kills it when it reaches the limit.";
  }
  return `At this pace the kernel kills it at about ${clock(nowMs + leftMs, nowMs)}.`;
}

/** `13:00`, with the date when it is not today's. */
function clock(atMs: number, nowMs: number): string {
  const [at, now] = [localTime(atMs), localTime(nowMs)];
  return at.slice(0, 10) === now.slice(0, 10) ? at.slice(11, 16) : at.slice(0, 16);
}

function deadlineNear({ row }: JobFacts, nowMs: number): PageFinding[] {
  const leftMs = row.deadlineMs === null ? Infinity : row.deadlineMs - nowMs;
  const runs = row.state === "running" || row.state === "idle" || row.state === "frozen";
  if (leftMs >= DEADLINE_NEAR_MS || !runs) return [];
  return [{
    kind: "deadline-near",
    severity: "attention",
    jobId: row.id,
    sinceMs: null,
    text: about(row, leftMs <= 0 ? "its time is up" : `its time is up at ${clock(row.deadlineMs!, nowMs)}`),
    remedy: [
      { text: leftMs <= 0 ? "The next sweep ends it. " : "corral ends it then. " },
      { action: "set-timeout", jobId: row.id, text: "Give it more time" },
      { text: ", such as " },
      { flag: "--timeout +1h" },
    ],
    value: leftMs <= 0 ? "overdue" : `${formatDuration(leftMs)} left`,
  }];
}

function orphan({ row, isSupervised }: JobFacts): PageFinding[] {
  if (isSupervised || row.state === "ending" || row.state === "unkillable") return [];
  return [{
    kind: "orphan",
    severity: "attention",
    jobId: row.id,
    sinceMs: null,
    text: about(row, "the process that supervised it is gone"),
    remedy: [
      { text: "The next sweep ends it, unless sweeps keep such jobs (" },
      { flag: "--on-orphan keep" },
      { text: "). Does its user still need it?" },
    ],
    value: "no supervisor",
  }];
}

function escapees({ swept, jobs }: FindingInput): PageFinding[] {
  return swept.filter(({ kind }) => kind === "escapee").map(({ id, pid, message }) => ({
    kind: "escapee" as const,
    severity: "attention" as const,
    jobId: jobs.some(({ row }) => row.id === id) ? id : null,
    sinceMs: null,
    text: [{ text: message, strong: true as const }],
    remedy: [
      {
        text:
          "It left the cgroup of its job, whose limits do not hold for it. Sweeps end such processes with ",
      },
      { flag: "--escapees kill" },
    ],
    value: pid === null ? "" : `pid ${pid}`,
  }));
}

function pressure({ readouts, jobs }: FindingInput): PageFinding[] {
  const { memory, io } = readouts.pressure;
  const found = (what: string, percent: number, remedy: Part[]): PageFinding => ({
    kind: "pressure",
    severity: "attention",
    jobId: null,
    sinceMs: null,
    text: [{
      text: `Tasks waited for ${what} in ${Math.round(percent)} % of the last 10 seconds`,
      strong: true,
    }],
    remedy,
    value: `${Math.round(percent)} %`,
  });
  const most = (of: (row: LiveRow) => number) =>
    jobs.map(({ row }) => row).reduce<LiveRow | null>(
      (best, row) => of(row) > (best === null ? 0 : of(best)) ? row : best,
      null,
    );
  return [
    ...(memory === null || memory <= PRESSURE_LIMIT_PERCENT ? [] : [
      found("memory", memory, [
        { text: `No job starts from the queue above ${PRESSURE_LIMIT_PERCENT} %. ` },
        ...largest("Most memory", most((row) => row.memoryBytes ?? 0)),
      ]),
    ]),
    ...(io === null || io <= IO_PRESSURE_PERCENT ? [] : [
      found("reads and writes", io, [
        { text: "Is a disk or file server slow, or does one job take all of it? " },
        ...largest("Most bytes", most((row) => (row.readBytesPerSec ?? 0) + (row.writtenBytesPerSec ?? 0))),
      ]),
    ]),
  ];
}

function largest(what: string, row: LiveRow | null): Part[] {
  return row === null
    ? [{ text: `${what}: no job, so it is a process outside of jobs.` }]
    : [{ text: `${what}: ` }, { jobId: row.id, name: row.name }, { text: ` of ${row.user}.` }];
}

function silent({ silentStores, nowMs }: FindingInput): PageFinding[] {
  return silentStores.map(({ user, asOfMs }) => ({
    kind: "store-silent" as const,
    severity: "attention" as const,
    jobId: null,
    sinceMs: asOfMs,
    text: [{ text: `The jobs of ${user} did not answer`, strong: true as const }],
    remedy: [{
      text: asOfMs === null
        ? "They are not shown. Does the file system of their store answer?"
        : `What is shown of them is as old as ${
          clock(asOfMs, nowMs)
        }. Does the file system of their store answer?`,
    }],
    value: asOfMs === null ? "no answer" : `for ${formatDuration(nowMs - asOfMs)}`,
  }));
}

function sweepLate({ lastSweepMs, nowMs }: FindingInput): PageFinding[] {
  if (lastSweepMs === null || nowMs - lastSweepMs < SWEEP_LATE_MS) return [];
  return [{
    kind: "sweep-late",
    severity: "attention",
    jobId: null,
    sinceMs: lastSweepMs,
    text: [{ text: `The last sweep was at ${clock(lastSweepMs, nowMs)}`, strong: true }],
    remedy: [{
      text: "Jobs without a supervisor are not ended meanwhile. corral doctor tells why none is made.",
    }],
    value: `for ${formatDuration(nowMs - lastSweepMs)}`,
  }];
}
