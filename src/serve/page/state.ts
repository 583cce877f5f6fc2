/** What the page knows: a snapshot, changed by each message. Pure, so that a lost message is tested without a socket. */
import type {
  CourseBin,
  Diff,
  FeedMessage,
  JobDetail,
  JobSample,
  LiveRow,
  NodeState,
  Snapshot,
} from "../feed.ts";

/** All that the messages of the feed have said so far. */
export interface PageState {
  /** Of the newest message; -1 before the first snapshot. */
  readonly seq: number;
  /** A message is missing: only a snapshot is read until one comes. */
  readonly gap: boolean;
  readonly node: NodeState | null;
  readonly jobs: ReadonlyMap<string, LiveRow>;
  /** Bins of the course that ended while the page was open, oldest first. */
  readonly bins: readonly CourseBin[];
  readonly detail: JobDetail | null;
  /** The job that was asked for and is not there. */
  readonly noJobId: string | null;
}

/** Before the first message. */
export const NOTHING: PageState = {
  seq: -1,
  gap: false,
  node: null,
  jobs: new Map(),
  bins: [],
  detail: null,
  noJobId: null,
};

/** Half a day of bins of 5 minutes; older ones come with the next course. */
const BINS_MAX = 144;
/** Samples of a job that is left open for days. */
const SAMPLES_MAX = 2000;

/** The state after one more message. */
export function reduce(state: PageState, message: FeedMessage): PageState {
  switch (message.type) {
    case "snapshot":
      return afterSnapshot(state, message);
    case "diff":
      return afterDiff(state, message);
    case "job":
      return { ...state, detail: message.detail, noJobId: null };
    case "job-more":
      return state.detail?.id === message.jobId
        ? { ...state, detail: withMore(state.detail, message) }
        : state;
    case "no-job":
      return { ...state, detail: null, noJobId: message.jobId };
  }
}

function afterSnapshot(state: PageState, { seq, jobs, ...node }: Snapshot): PageState {
  const bins = state.node?.bootId === node.bootId ? state.bins : [];
  return { ...state, seq, gap: false, node, jobs: new Map(jobs.map((row) => [row.id, row])), bins };
}

function afterDiff(state: PageState, diff: Diff): PageState {
  if (state.node === null || state.gap || diff.seq !== state.seq + 1) return { ...state, gap: true };
  const bins = diff.course === null ? state.bins : [...state.bins, diff.course].slice(-BINS_MAX);
  return {
    ...state,
    seq: diff.seq,
    node: { ...state.node, ...diff.changed },
    jobs: jobsAfter(state, diff),
    bins,
  };
}

function jobsAfter({ jobs }: PageState, diff: Diff): ReadonlyMap<string, LiveRow> {
  if (diff.jobs.length + diff.goneJobIds.length === 0) return jobs;
  const after = new Map(jobs);
  for (const row of diff.jobs) after.set(row.id, row);
  for (const id of diff.goneJobIds) after.delete(id);
  return after;
}

function withMore(detail: JobDetail, more: { changed: Partial<JobDetail>; samples: JobSample[] }): JobDetail {
  const lastMs = detail.samples.at(-1)?.atMs ?? -Infinity;
  const samples = [...detail.samples, ...more.samples.filter(({ atMs }) => atMs > lastMs)].slice(
    -SAMPLES_MAX,
  );
  return { ...detail, ...more.changed, samples };
}
