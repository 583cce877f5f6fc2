/** Everything about one job: live, queued or ended. */
import type { CgroupFs } from "../cgroup/file.ts";
import { isFrozen } from "../cgroup/freezer.ts";
import { readable, readCurrent, readMemorySplit } from "../cgroup/usage.ts";
import type { StoredEvent } from "../job/events.ts";
import { type Job, runningFacts } from "../job/job.ts";
import { isPlainSuccess } from "../job/outcome.ts";
import { higherSplit, type MemorySplit, type Usage, withSplit } from "../job/usage.ts";
import { readJobUsage } from "../observe/job_usage.ts";
import { lookAtJob, type Own, wallSoFarMs } from "../observe/live.ts";
import { gpuHeldWords } from "../job/outcome.ts";
import { gpuHoldersOf } from "../observe/gpu.ts";
import { eventWords, factRows, survivorLines } from "../view/show.ts";
import { stateSentence } from "../view/show_head.ts";
import type { SourceContext } from "./context.ts";
import { endedRow } from "./ended_rows.ts";
import type { JobDetail, JobSample, LiveRow, PageFinding, Part } from "./feed.ts";
import { askedSigns } from "./health_shown.ts";
import { limitChangesOf, limitRows } from "./limits.ts";
import type { Looks } from "./look.ts";
import { outputTail } from "./output_tail.ts";
import { clausesOf } from "./parts.ts";
import { readProcesses } from "./processes.ts";
import { treeRows } from "./process_tree.ts";
import type { Records } from "./records.ts";
import { signsOf } from "./signs.ts";
import { savedSamples, type WatchedJobs } from "./watched.ts";

/** What the parts of the detail are made with. */
export interface DetailSources {
  context: SourceContext;
  looks: Looks;
  records: Records;
  watched: WatchedJobs;
  /** Of the last look. */
  findings: () => readonly PageFinding[];
}

/** What the cgroup of a live job shows. */
interface Live {
  usage: Usage;
  memoryBytes: number | null;
  pids: number[];
  frozen: boolean;
  samples: JobSample[];
}

/** Events of a job that has been changed for years. */
const MOST_EVENTS = 500;

/** Null: there is no such job. Throws StoreError. */
export async function jobDetail(sources: DetailSources, pageId: string): Promise<JobDetail | null> {
  const { context, looks, records } = sources;
  const job = records.find(pageId);
  if (job === null) return null;
  const { events, samples, peaks } = await records.of(job);
  const live = liveOf(sources, job, { pageId, peaks });
  const [output, processes, holders] = await Promise.all([
    outputTail(context, job),
    live === null
      ? []
      : readProcesses(context, live.pids, (ticks) => sources.watched.swapTicks(pageId, ticks)),
    job.phase.state === "ended" ? gpuHoldersOf(context, job) : null,
  ]);
  const tree = treeRows(processes);
  const bootMs = context.clock.bootMs();
  const usage = job.phase.state === "ended" ? job.phase.usage : live?.usage ?? null;
  const row = looks.rows.get(pageId) ?? null;
  const queued = looks.queued.find(({ id }) => id === pageId) ?? null;
  const all = [
    ...savedSamples(samples, runningFacts(job)?.startedAtMs ?? 0, live?.samples[0]?.atMs ?? Infinity),
    ...live?.samples ?? [],
  ];
  const held = holders === null || holders.length === 0 ? [] : [gpuHeldWords(holders)];
  const details = live === null ? null : { ...live, processes: [], gpus: [] };
  return {
    id: pageId,
    live: row,
    ended: endedRow(job, pageId, looks.nameOf),
    queued,
    sentence: sentenceOf(sources, job, { row, frozen: live?.frozen ?? false, bootMs, held, pageId }),
    limits: limitRows(job, {
      usage,
      row,
      memoryBytes: live?.memoryBytes ?? null,
      wallMs: wallSoFarMs(context, job),
    }),
    signs: live === null ? [] : [
      ...signsOf({ samples: all, output, nowMs: context.clock.wallMs() }),
      ...askedSigns(job, { wallMs: context.clock.wallMs(), bootMs }),
    ],
    samples: all,
    limitChanges: limitChangesOf(events),
    tree: tree.rows,
    treeCut: tree.cut + (live === null ? 0 : live.pids.length - processes.length),
    events: shownEvents(events),
    facts: factRows(job, details, bootMs).map(([label, value]) => ({ label: label.trim(), value })),
    output: output === null ? null : { path: output.path, tail: output.tail },
  };
}

function shownEvents(events: readonly StoredEvent[]): JobDetail["events"] {
  return events.slice(-MOST_EVENTS).map((event) => ({ atMs: event.atMs, text: eventWords(event) }));
}

function liveOf(
  { context, watched }: DetailSources,
  job: Job,
  { pageId, peaks }: { pageId: string; peaks: MemorySplit },
): Live | null {
  const { clock, procs } = context;
  return lookAtJob(context, job, (fs: CgroupFs, own: Own) => {
    const cgroup = fs.own(own, own.id);
    const now = readMemorySplit(readable(fs, own.path));
    return {
      usage: {
        ...withSplit(readJobUsage(fs, own.path, procs.root), higherSplit(peaks, now)),
        wallMs: wallSoFarMs(context, job),
      },
      memoryBytes: readCurrent(fs, own.path).memoryBytes,
      pids: cgroup.pids(),
      frozen: isFrozen(cgroup),
      samples: watched.sample(pageId, { fs, path: own.path }, {
        wallMs: clock.wallMs(),
        bootMs: clock.bootMs(),
      }),
    };
  });
}

/** The sentence of `corral show`, then what needs attention. */
function sentenceOf(
  { looks, findings }: DetailSources,
  job: Job,
  { row, frozen, bootMs, held, pageId }: {
    row: LiveRow | null;
    frozen: boolean;
    bootMs: number;
    held: readonly string[];
    pageId: string;
  },
): JobDetail["sentence"] {
  const queued = looks.queued.find(({ id }) => id === pageId);
  const [text = [], ...clauses] = clausesOf(stateSentence({ job, frozen, bootMs }), looks.nameOf);
  const found = row === null ? [] : findings().filter(({ jobId }) => jobId === pageId);
  const more: Part[][] = [
    ...clauses,
    ...queued === undefined ? [] : [queued.text],
    ...found.flatMap(({ text: what, remedy }) => [what.slice(2), remedy]),
    ...[...survivorLines(job), ...held].map((line) => [{ text: line }]),
  ];
  return { severity: severityOf(job, found), text, more, command: commandOf(job, found) };
}

function severityOf({ phase }: Job, found: readonly PageFinding[]): JobDetail["sentence"]["severity"] {
  if (phase.state !== "ended") {
    return found.some(({ severity }) => severity === "bad") ? "bad" : found.length > 0 ? "attention" : "ok";
  }
  if (isPlainSuccess(phase) && phase.survivors.length === 0) return "ok";
  return phase.reason === "killed" || phase.reason === "finished-by-owner" ? "attention" : "bad";
}

/** What to type for the first that needs attention. */
function commandOf({ spec: { id } }: Job, found: readonly PageFinding[]): string | null {
  const flag = found.flatMap(({ remedy }) => remedy).find((part) => "flag" in part);
  return flag === undefined || !/^--(memory|timeout) /.test(flag.flag)
    ? null
    : `corral set ${id} ${flag.flag}`;
}
