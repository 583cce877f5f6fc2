/** The text of `corral show`. Pure. */
import { formatDuration, formatDurationExact } from "../value/duration.ts";
import {
  END_REASONS,
  type GpuHolder,
  type Job,
  type PoolPlace,
  type RunningFacts,
  runningFacts,
} from "../job/job.ts";
import { outerJobOf } from "../job/names.ts";
import type { SlurmJob } from "../job/slurm.ts";
import { gpuHeldWords, oomCause } from "../job/outcome.ts";
import { signalName } from "../value/signal.ts";
import { NO_USAGE, type Sample, type Usage } from "../job/usage.ts";
import type { StoredEvent } from "../job/events.ts";
import { drawCourse } from "./course.ts";
import { printable } from "../base/text.ts";
import { type HeadRow, headRows, quotedWord } from "./show_head.ts";
import { line, usageRows } from "./show_usage.ts";
import { drawTree, type TreeNode } from "./tree.ts";
import { formatLocalTime, MISSING } from "../value/units.ts";

/** What a live job's cgroup says. */
export interface LiveDetails {
  usage: Usage;
  memoryBytes: number | null;
  processes: TreeNode[];
  frozen: boolean;
  /** Nodes of GPUs that it holds. */
  gpus: readonly string[];
}

const LABEL_COLUMNS = 12;

/** Everything that is known of a job besides its record. */
export interface Known {
  events: readonly StoredEvent[];
  samples: readonly Sample[];
  live: LiveDetails | null;
}

/** Sections of `label  value` lines; every value from outside is escaped. `blocks`: the terminal can show more than ASCII. */
export function formatDetails(
  job: Job,
  { events, samples, live }: Known,
  { bootMs, blocks }: { bootMs: number; blocks: boolean },
): string {
  const usage = job.phase.state === "ended" ? job.phase.usage : live?.usage ?? null;
  const sections = [
    [`job ${job.spec.id}`, identityRows(job, live, bootMs).map(textOf)],
    ["limits and usage", usageRows(job, usage ?? NO_USAGE, live).map(textOf)],
    ["over time", drawCourse(samples, { blocks })],
    [
      live === null ? "" : `processes (${live.processes.length})`,
      live === null ? [] : drawTree(live.processes),
    ],
    ["survivors", survivorLines(job)],
    ["events", events.map(eventLine)],
  ] as const;
  return sections.filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}\n`).join("")}`).join("\n");
}

/** The rows of the first two sections. */
export function factRows(job: Job, live: LiveDetails | null, bootMs: number): HeadRow[] {
  const usage = job.phase.state === "ended" ? job.phase.usage : live?.usage ?? null;
  return [...identityRows(job, live, bootMs), ...usageRows(job, usage ?? NO_USAGE, live)];
}

/** What is known of a job at the moment. */
export interface KnownNow {
  live: LiveDetails | null;
  /** Of an ended one. */
  gpuHolders?: readonly GpuHolder[] | null;
  /** Of a queued one: its place, and what it waits for. */
  waits?: string | null;
}

/** The first lines, and what outlived the job. */
export function formatHead(
  job: Job,
  { live, gpuHolders = null, waits = null }: KnownNow,
  bootMs: number,
): string {
  const usage = job.phase.state === "ended" ? job.phase.usage : live?.usage ?? null;
  const rows = headRows({ job, usage, frozen: live?.frozen ?? false, gpus: live?.gpus ?? [], bootMs, waits });
  const survivors = survivorLines(job).map((text) => `${SURVIVOR}${text}`);
  const held = gpuHolders === null || gpuHolders.length === 0 ? [] : [gpuHeldWords(gpuHolders)];
  return [...rows.map(([label, value]) => textOf(line(label, value))), ...survivors, ...held].map((text) =>
    `${text}\n`
  ).join(
    "",
  );
}

const SURVIVOR = "survivor     ";

function textOf([label, value]: HeadRow): string {
  return `${label.padEnd(LABEL_COLUMNS)} ${value}`;
}

function identityRows(job: Job, live: LiveDetails | null, bootMs: number): HeadRow[] {
  const { spec, watch } = job;
  const run = runningFacts(job);
  const outer = outerJobOf(run?.cgroup.path ?? null);
  const tags = Object.entries(spec.tags).map(([key, value]) => `${key}=${value}`).join(" ");
  const left = run?.deadlineBootMs == null || job.phase.state === "ended"
    ? ""
    : `, ${formatDuration(run.deadlineBootMs - bootMs)} left`;
  return [
    line("name", spec.name),
    ...(spec.ref === null ? [] : [line("ref", spec.ref)]),
    ...(tags === "" ? [] : [line("tags", tags)]),
    line("state", stateWords(job, live)),
    line("command", spec.argv.map(quotedWord).join(" ")),
    line("directory", spec.cwd),
    line("user", `${spec.user} (${spec.uid})`),
    line(
      job.phase.state === "queued" ? "queued" : "started",
      formatLocalTime(new Date(run?.startedAtMs ?? spec.createdAtMs)),
    ),
    ...(job.phase.state === "ended" ? [line("ended", formatLocalTime(new Date(job.phase.endedAtMs)))] : []),
    line("timeout", spec.timeoutMs === null ? MISSING : `${formatDurationExact(spec.timeoutMs)}${left}`),
    line("on timeout", `${spec.signal}, then KILL after ${formatDurationExact(spec.graceMs)}`),
    ...(run === null ? [] : [line("pid", pidWords(spec.adopted, run)), line("cgroup", run.cgroup.path)]),
    ...(outer === null ? [] : [line("in job", outer)]),
    ...(watch?.slurm === undefined ? [] : [line("slurm job", slurmWords(watch.slurm))]),
    ...(run?.outputFile === undefined ? [] : [line("output", run.outputFile)]),
    ...(spec.pool === undefined ? [] : [line("pool", poolWords(spec.pool))]),
    ...(watch === null ? [] : [line("backend", watch.backend)]),
  ];
}

function poolWords({ name, priority }: PoolPlace): string {
  return priority === 0 ? name : `${name}, priority ${priority}`;
}

function slurmWords({ job, step, restarts }: SlurmJob): string {
  const requeued = restarts === 0 ? "" : `, requeued ${restarts === 1 ? "once" : `${restarts} times`}`;
  return `${job}${step === null ? "" : `, step ${step}`}${requeued}`;
}

function pidWords(adopted: boolean, { pid, pgid }: RunningFacts): string {
  return adopted ? `${pid} (pgid ${pgid}), adopted while it ran` : `${pid} (pgid and sid ${pgid})`;
}

function stateWords(job: Job, live: LiveDetails | null): string {
  const { phase } = job;
  if (phase.state === "ended") {
    const { code, signal } = phase.exit;
    const exit = code !== null
      ? `exit ${code}`
      : signal !== null
      ? `died of ${signalName(signal)}`
      : "exit unknown";
    const trigger = phase.trigger === phase.reason ? "" : ` after ${phase.trigger}`;
    return `ended: ${phase.reason}${trigger}, ${exit}. This means: ${meaning(job, phase)}`;
  }
  if (phase.state === "ending") return `ending: ${phase.reason}`;
  return live?.frozen ? `${phase.state}, frozen` : phase.state;
}

/** What its reason means; of one whose memory ran out it is known whose limit that was. */
function meaning(
  { spec: { limits } }: Job,
  { reason, usage }: Extract<Job["phase"], { state: "ended" }>,
): string {
  const cause = reason === "oom" ? oomCause(usage, limits) : null;
  return cause === null ? END_REASONS[reason] : `the kernel killed it for memory: ${cause}.`;
}

/** What outlived the job, a line each. */
export function survivorLines(job: Job): string[] {
  if (job.phase.state !== "ended") return [];
  return job.phase.survivors.map(({ pid, name, state, wchan, because }) =>
    printable(`${pid} ${name}: state ${state}, wchan ${wchan ?? MISSING}: ${because}`)
  );
}

function eventLine(event: StoredEvent): string {
  const time = formatLocalTime(new Date(event.atMs));
  return `${time}.${String(event.atMs % 1000).padStart(3, "0")} ${eventWords(event)}`;
}

/** Who did what, with its figures, in one line. */
export function eventWords({ actor, kind, detail }: StoredEvent): string {
  const figures = Object.entries(detail).map(([key, value]) => `${key}=${String(value)}`).join(" ");
  return printable(`${actor}: ${kind} ${figures}`.trimEnd());
}
