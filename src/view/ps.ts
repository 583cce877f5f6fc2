/** The table of live jobs, as `corral ps` and `corral top` show it. Pure. */
import { formatDuration } from "../value/duration.ts";
import { isLive, runningFacts } from "../job/job.ts";
import type { LiveJob } from "../job/live_job.ts";
import { idleWords } from "../health/words.ts";
import { formatBytes } from "../value/size.ts";
import type { Moment } from "../job/events.ts";
import { type Order, sortedBy } from "./choose_columns.ts";
import { printable } from "../base/text.ts";
import { localTime } from "../value/local_time.ts";
import type { Present, Value } from "./shown_column.ts";
import type { Column } from "./table.ts";
import { tintOfLeft, tintOfPercent, tintOfReason } from "./tint.ts";
import { formatOptionalBytes, formatPercent, orMissing, percentOf } from "../value/units.ts";

/** A column of the table. */
export interface LiveColumn extends Column {
  readonly read: (live: LiveJob, now: Moment) => Value;
  readonly show: (value: Present) => string;
  /** Not there where no job has a value of it, also in a pipe. */
  readonly isRare?: true;
}

const text = { align: "left", show: String } as const;
const count = { align: "right", show: String } as const;
const figure = (show: (value: number) => string) => ({
  align: "right" as const,
  show: (value: Present) => show(Number(value)),
});

/** In the order of the table. */
export const LIVE_COLUMNS: readonly LiveColumn[] = ([
  { key: "id", ...text, isKept: true, read: ({ job }) => job.spec.id },
  { key: "name", ...text, shrink: true, isKept: true, read: ({ job }) => job.spec.name },
  { key: "ref", ...text, shrink: true, read: ({ job }) => job.spec.ref },
  { key: "user", ...text, shrink: true, read: ({ job }) => job.spec.user },
  { key: "state", ...text, isKept: true, tint: tintOfReason, read: stateWord },
  { key: "age", ...figure(formatDuration), read: ageMs },
  {
    key: "left",
    ...figure((ms) => ms < 0 ? "overdue" : formatDuration(ms)),
    tint: tintOfLeft,
    read: leftMs,
  },
  { key: "procs", ...count, read: ({ procs }) => procs },
  { key: "cpu%", ...figure(formatPercent), read: ({ cpuPercent }) => cpuPercent },
  { key: "mem", ...figure(formatBytes), read: ({ memoryBytes }) => memoryBytes },
  {
    key: "mem%",
    ...figure(formatPercent),
    tint: tintOfPercent,
    read: ({ job, memoryBytes }) => percentOf(memoryBytes, job.spec.limits.memoryMaxBytes),
  },
  { key: "gpu", ...text, shrink: true, isRare: true, read: ({ gpus }) => gpuWords(gpus) },
] as Omit<LiveColumn, "title">[]).map((column) => ({ title: column.key, ...column }));

/** Without the rare ones that are empty. */
export function heldColumns(
  columns: readonly LiveColumn[],
  jobs: readonly LiveJob[],
  now: Moment,
): LiveColumn[] {
  return columns.filter(({ isRare, read }) => !isRare || jobs.some((live) => read(live, now) !== null));
}

/** The cells of each job, in the order of `columns`. */
export function liveCells(
  jobs: readonly LiveJob[],
  now: Moment,
  columns: readonly LiveColumn[] = LIVE_COLUMNS,
): string[][] {
  return jobs.map((live) => columns.map(({ read, show }) => orMissing(read(live, now), show)));
}

/** `0,1` for nvidia0 and nvidia1: the numbers of the nodes, which nvidia-smi need not number alike. Others by name. Null for none. */
export function gpuWords(gpus: readonly string[]): string | null {
  return gpus.map((name) => name.replace(/^nvidia(?=\d)/, "")).join(",") || null;
}

/** In that order, as `sortedBy` has it. */
export function inOrder(jobs: readonly LiveJob[], order: Order<LiveColumn>, now: Moment): LiveJob[] {
  return sortedBy(jobs, (live) => order.column.read(live, now), order.isDescending);
}

/** What the header line says besides sums. */
export interface HeaderFacts {
  readonly host: string;
  readonly wallMs: number;
  /** Rows of the store that cannot be read as jobs. */
  readonly damaged: number;
  readonly order: Order<LiveColumn>;
}

/** `node01  2026-11-01 08:00:05  3 jobs, 2 queued  cpu 612%  mem 17.0G  by -cpu%`: sums of what is known; queued jobs use nothing. */
export function liveHeader(jobs: readonly LiveJob[], { host, wallMs, damaged, order }: HeaderFacts): string {
  const begun = jobs.filter(({ job: { phase } }) => phase.state !== "queued");
  const queued = jobs.length - begun.length;
  return [
    printable(host),
    localTime(wallMs),
    counted(begun.length, "job") + (queued === 0 ? "" : `, ${queued} queued`),
    `cpu ${formatPercent(sumOf(begun.map(({ cpuPercent }) => cpuPercent)))}`,
    `mem ${formatOptionalBytes(sumOf(begun.map(({ memoryBytes }) => memoryBytes)))}`,
    `by ${order.isDescending ? "-" : ""}${order.column.key}`,
    ...(damaged === 0 ? [] : [`${counted(damaged, "row")} damaged`]),
  ].join("  ");
}

/** Of no jobs it is 0; of jobs of which nothing is known, unknown. */
function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 && values.length > 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function stateWord({ job, frozen }: LiveJob, now: Moment): string {
  const { phase } = job;
  if (phase.state === "ended") return phase.reason;
  return frozen ? "frozen" : idleWords(job, now) ?? phase.state;
}

/** By the clock that does not step, as long as it is that of the job's boot. */
function ageMs({ job }: LiveJob, { wallMs, bootMs, bootId }: Moment): number {
  const run = runningFacts(job);
  const isOfThisBoot = bootId === undefined || job.watch?.supervisor.bootId === bootId;
  if (run !== null && isOfThisBoot) return Math.max(0, bootMs - run.startedBootMs);
  return Math.max(0, wallMs - (run?.startedAtMs ?? job.spec.createdAtMs));
}

function leftMs({ job }: LiveJob, { bootMs }: Moment): number | null {
  if (!isLive(job)) return null;
  const deadlineBootMs = runningFacts(job)?.deadlineBootMs ?? null;
  return deadlineBootMs === null ? null : deadlineBootMs - bootMs;
}
