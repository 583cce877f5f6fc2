/** The table of live jobs, as `corral ps` and `corral top` show it. Pure. */
import { formatDuration } from "../job/duration.ts";
import { runningFacts } from "../job/job.ts";
import type { LiveJob } from "../job/live_job.ts";
import { formatBytes } from "../job/size.ts";
import type { Moment } from "../store/records.ts";
import type { Order } from "./choose_columns.ts";
import { printable } from "./escape.ts";
import { localTime } from "./local_time.ts";
import type { Present, Value } from "./shown_column.ts";
import type { Column } from "./table.ts";
import { formatOptionalBytes, formatPercent, orMissing, percentOf } from "./units.ts";

/** A column of the table. */
export interface LiveColumn extends Column {
  readonly read: (live: LiveJob, now: Moment) => Value;
  readonly show: (value: Present) => string;
}

const text = { align: "left", show: String } as const;
const count = { align: "right", show: String } as const;
const figure = (show: (value: number) => string) => ({
  align: "right" as const,
  show: (value: Present) => show(Number(value)),
});

/** In the order of the table. */
export const LIVE_COLUMNS: readonly LiveColumn[] = ([
  { key: "id", ...text, read: ({ job }) => job.spec.id },
  { key: "name", ...text, shrink: true, read: ({ job }) => job.spec.name },
  { key: "ref", ...text, shrink: true, read: ({ job }) => job.spec.ref },
  { key: "user", ...text, read: ({ job }) => job.spec.user },
  { key: "state", ...text, read: stateWord },
  { key: "age", ...figure(formatDuration), read: ageMs },
  { key: "left", ...figure((ms) => ms < 0 ? "overdue" : formatDuration(ms)), read: leftMs },
  { key: "procs", ...count, read: ({ procs }) => procs },
  { key: "cpu%", ...figure(formatPercent), read: ({ cpuPercent }) => cpuPercent },
  { key: "mem", ...figure(formatBytes), read: ({ memoryBytes }) => memoryBytes },
  {
    key: "mem%",
    ...figure(formatPercent),
    read: ({ job, memoryBytes }) => percentOf(memoryBytes, job.spec.limits.memoryMaxBytes),
  },
] as Omit<LiveColumn, "title">[]).map((column) => ({ title: column.key, ...column }));

/** The cells of each job, in the order of LIVE_COLUMNS. */
export function liveCells(jobs: readonly LiveJob[], now: Moment): string[][] {
  return jobs.map((live) => LIVE_COLUMNS.map(({ read, show }) => orMissing(read(live, now), show)));
}

/** In that order; what is not known comes last, and equals stay as they were. */
export function inOrder(jobs: readonly LiveJob[], order: Order<LiveColumn>, now: Moment): LiveJob[] {
  const { column, isDescending } = order;
  const keyed = jobs.map((live) => ({ live, value: column.read(live, now) }));
  return keyed.sort((one, other) => {
    if (one.value === null || other.value === null) {
      return Number(one.value === null) - Number(other.value === null);
    }
    if (one.value === other.value) return 0;
    return (one.value < other.value) === isDescending ? 1 : -1;
  }).map(({ live }) => live);
}

/** What the header line says besides sums. */
export interface HeaderFacts {
  readonly host: string;
  readonly wallMs: number;
  /** Rows of the store that cannot be read as jobs. */
  readonly damaged: number;
  readonly order: Order<LiveColumn>;
}

/** `node01  2026-11-01 08:00:05  3 jobs  cpu 612%  mem 17.0G  by -cpu%`: sums of what is known. */
export function liveHeader(jobs: readonly LiveJob[], { host, wallMs, damaged, order }: HeaderFacts): string {
  return [
    printable(host),
    localTime(wallMs),
    counted(jobs.length, "job"),
    `cpu ${formatPercent(sumOf(jobs.map(({ cpuPercent }) => cpuPercent)))}`,
    `mem ${formatOptionalBytes(sumOf(jobs.map(({ memoryBytes }) => memoryBytes)))}`,
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

function stateWord({ job: { phase }, frozen }: LiveJob): string {
  if (phase.state === "ended") return phase.reason;
  return frozen ? "frozen" : phase.state;
}

function ageMs({ job }: LiveJob, { wallMs }: Moment): number {
  return Math.max(0, wallMs - (runningFacts(job)?.startedAtMs ?? job.spec.createdAtMs));
}

function leftMs({ job }: LiveJob, { bootMs }: Moment): number | null {
  const deadlineBootMs = runningFacts(job)?.deadlineBootMs ?? null;
  return deadlineBootMs === null ? null : deadlineBootMs - bootMs;
}
