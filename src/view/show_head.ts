/** The first lines of `corral show`: what became of the job, why in one sentence, and its use against its limits. Pure. */
import { formatDuration, formatDurationExact } from "../value/duration.ts";
import { type EndReason, type Job, runningFacts } from "../job/job.ts";
import { unhealthyCheck } from "../job/unhealthy_check.ts";
import { healthSigns, unhealthyWords } from "../health/words.ts";
import type { Usage } from "../job/usage.ts";
import { oomCause, runExitCode, stillAlive } from "../job/outcome.ts";
import { signalName } from "../value/signal.ts";
import { formatBytes } from "../value/size.ts";
import { formatCpuTime, formatLocalTime, formatPercent, percentOf } from "../value/units.ts";

/** The job, what it used so far, and what only a live one has. */
export interface HeadInput {
  job: Job;
  usage: Usage | null;
  frozen: boolean;
  /** Nodes of GPUs that a live one holds. */
  gpus: readonly string[];
  bootMs: number;
  /** Of a queued one: its place, and what it waits for. */
  waits?: string | null;
}

/** A label and its value. */
export type HeadRow = readonly [label: string, value: string];

type Ended = Extract<Job["phase"], { state: "ended" }>;

/** At most eight; what has no value is left out. */
export function headRows({ job, usage, frozen, gpus, bootMs, waits = null }: HeadInput): HeadRow[] {
  const { spec, phase } = job;
  const ref = spec.ref === null ? "" : ` (ref ${spec.ref})`;
  const rows: (readonly [string, string | null])[] = [
    ["job", `${spec.id} ${spec.name}${ref} of ${spec.user}`],
    ["state", phase.state === "ended" ? endedWords(job, phase) : liveWords(job, { frozen, bootMs, waits })],
    ["command", spec.argv.map(quotedWord).join(" ")],
    ["wall", wallWords(job, usage)],
    ["cpu", cpuWords(job, usage)],
    ["memory", memoryWords(job, usage)],
    ["gpu", gpus.join(", ") || null],
    ["health", healthWords(job, bootMs)],
    ["exit", phase.state === "ended" ? exitWords(phase) : null],
    ["output", runningFacts(job)?.outputFile ?? null],
  ];
  return rows.filter((row): row is HeadRow => row[1] !== null);
}

/** A word as a POSIX shell would need it, so that a command line can be copied. */
export function quotedWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function liveWords(
  job: Job,
  { frozen, bootMs, waits }: Pick<HeadInput, "frozen" | "bootMs"> & { waits: string | null },
): string {
  const { phase } = job;
  const deadline = runningFacts(job)?.deadlineBootMs ?? null;
  const left = deadline === null
    ? ""
    : deadline < bootMs
    ? ", overdue"
    : `, ${formatDuration(deadline - bootMs)} left`;
  if (phase.state === "ending") return `ending: ${phase.reason}`;
  if (waits !== null) return `${phase.state}: ${waits}`;
  return `${phase.state}${frozen ? ", frozen" : ""}${left}`;
}

/** Only what is not well. */
function healthWords(job: Job, bootMs: number): string | null {
  const signs = healthSigns(job, { wallMs: 0, bootMs }).filter(({ verdict }) => verdict !== "well");
  return signs.map(({ check, text }) => check === "idle" ? text : `${check}: ${text}`).join("; ") || null;
}

function endedWords(job: Job, phase: Ended): string {
  const { reason, trigger } = phase;
  const after = trigger === reason ? "" : ` after ${trigger}`;
  const why = WHY[reason](job, phase);
  return `ended: ${reason}${after}${why === "" ? "" : `: ${why}`}`;
}

/** Each in one sentence, with the limit, what was reached, and what to try. A success needs none. */
const WHY: Readonly<Record<EndReason, (job: Job, phase: Ended) => string>> = {
  "exited": (_, { exit }) =>
    exit.code === 0
      ? ""
      : exit.code === null
      ? "no process saw its exit code"
      : `its command exited with ${exit.code}`,
  "signaled": (_, { exit }) =>
    `its command died of ${signalName(exit.signal ?? 0)}, which corral did not send`,
  "timeout": ({ spec: { timeoutMs } }) =>
    timeoutMs === null
      ? "its time was up"
      : `its time limit of ${formatDurationExact(timeoutMs)} passed; try --timeout ${longer(timeoutMs)}`,
  "cpu-time": ({ spec: { cpuTimeMs } }) =>
    cpuTimeMs === null
      ? "its CPU time was used up"
      : `its limit of ${formatDurationExact(cpuTimeMs)} CPU time passed; try --cpu-time ${longer(cpuTimeMs)}`,
  "unhealthy": unhealthyJobWords,
  "oom": oomWords,
  "killed": () => "a user or program asked for it",
  "orphaned": () => "the process that supervised it, or its caller, was gone",
  "finished-by-owner": () => "its owner called it finished while its processes lived",
  "lost": () => "the node rebooted, or its cgroup vanished without a trace",
  "failed-to-start": (_, { exit }) => `its command never ran${NEVER_RAN[exit.code ?? 0] ?? ""}`,
  "unkillable": (_, { survivors }) =>
    `${stillAlive(survivors.length)}; every sweep and corral kill tries again`,
};

function unhealthyJobWords(job: Job): string {
  const check = unhealthyCheck(job);
  const { spec: { health }, health: state } = job;
  return check === null || health === undefined || state === undefined
    ? "it gave no sign of life"
    : unhealthyWords(check, health, state);
}

const NEVER_RAN: Readonly<Record<number, string>> = {
  126: ": it is not executable",
  127: ": it was not found",
};

function oomWords({ spec: { limits } }: Job, { usage }: Ended): string {
  const peak = usage?.memoryPeakBytes ?? null;
  const reached = peak === null ? "" : `; its peak was ${formatBytes(peak)}`;
  const limit = limits.memoryMaxBytes;
  const isOwn = (usage?.memoryOomEvents ?? 0) > 0 && limit !== null;
  if (isOwn) {
    return `ended by its own memory limit of ${formatBytes(limit)}${reached}; try --memory ${larger(limit)}`;
  }
  const cause = oomCause(usage, limits);
  return `the kernel killed it for memory${cause === null ? "" : `: ${cause}`}${reached}`;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MORE = 1.25;

/** A quarter more, in whole M or G. */
function larger(bytes: number): string {
  const wanted = bytes * MORE;
  return wanted >= 16 * GIB ? `${Math.ceil(wanted / GIB)}G` : `${Math.ceil(wanted / MIB)}M`;
}

/** Half more. */
function longer(timeoutMs: number): string {
  return formatDurationExact(Math.ceil(timeoutMs * 1.5 / 1000) * 1000);
}

function wallWords(job: Job, usage: Usage | null): string | null {
  const { spec } = job;
  const startedMs = runningFacts(job)?.startedAtMs ?? null;
  const wallMs = usage?.wallMs ?? null;
  if (wallMs === null) return null;
  const limit = spec.timeoutMs === null
    ? ""
    : ` of ${formatDurationExact(spec.timeoutMs)} (${formatPercent(percentOf(wallMs, spec.timeoutMs))})`;
  return `${formatDuration(wallMs)}${limit}${
    startedMs === null ? "" : `, started ${formatLocalTime(new Date(startedMs))}`
  }`;
}

/** Of the cores that it was given, as seff tells it; without a quota of one. */
function cpuWords({ spec: { limits, cpuTimeMs } }: Job, usage: Usage | null): string | null {
  const { cpuUsageUsec = null, wallMs = null } = usage ?? {};
  if (cpuUsageUsec === null) return null;
  const cores = limits.cpuMaxCores;
  const percent = !wallMs ? null : cpuUsageUsec / 10 / wallMs / (cores ?? 1);
  const limit = cpuTimeMs === null
    ? ""
    : ` of ${formatDurationExact(cpuTimeMs)} (${formatPercent(percentOf(cpuUsageUsec / 1000, cpuTimeMs))})`;
  const used = `${formatCpuTime(cpuUsageUsec)}${limit}`;
  if (percent === null) return used;
  const of = cores === null ? "a core" : cores === 1 ? "1 core" : `${cores} cores`;
  return `${used}, ${formatPercent(percent)} of ${of}`;
}

function memoryWords({ spec: { limits } }: Job, usage: Usage | null): string | null {
  const peak = usage?.memoryPeakBytes ?? null;
  const limit = limits.memoryMaxBytes;
  if (peak === null) return limit === null ? null : `of ${formatBytes(limit)}`;
  if (limit === null) return `peak ${formatBytes(peak)}`;
  return `peak ${formatBytes(peak)} of ${formatBytes(limit)} (${formatPercent(percentOf(peak, limit))})`;
}

/** As `corral run` returned it; nothing where no process saw it. */
function exitWords(phase: Ended): string | null {
  const { exit, reason } = phase;
  const isUnseen = exit.code === null && exit.signal === null &&
    !["timeout", "cpu-time", "unhealthy", "unkillable", "lost"].includes(reason);
  if (isUnseen) return null;
  const died = exit.signal === null ? "" : ` (died of ${signalName(exit.signal)})`;
  return `${runExitCode(phase, null)}${died}`;
}
