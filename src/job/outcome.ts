/** What `corral run` reports to its caller at the end. Pure. */
import { EXIT } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import { formatBytes } from "../value/size.ts";
import { formatCpuTime, formatOptionalBytes, formatOptionalDuration } from "../value/units.ts";
import type { StoredEvent } from "./events.ts";
import { type EndReason, type Exit, type GpuHolder, type Job, type Limits, NO_LIMITS } from "./job.ts";
import type { Usage } from "./usage.ts";
import { signalName } from "../value/signal.ts";

/** How a job ended, as far as the caller learns. */
export interface Outcome {
  reason: EndReason;
  exit: Exit;
  usage: Usage | null;
  survivors: { length: number };
  /** null: its command never began, as in a queue. */
  run?: unknown;
}

/** corral ended it for what it was asked to watch: the command is not judged, and corral did not fail. */
const ENDED_BY_LIMIT: ReadonlySet<EndReason> = new Set(["timeout", "cpu-time", "unhealthy"]);

/** The exit code of `corral run`; `stopSignal` is the number of the signal that corral itself received, if any. */
export function runExitCode(outcome: Outcome, stopSignal: number | null): number {
  const { reason, exit } = outcome;
  if (reason === "unkillable" || reason === "lost") return EXIT.CORRAL_FAILED;
  // 126 and 127 where the command was the cause.
  if (reason === "failed-to-start") return exit.code || EXIT.CORRAL_FAILED;
  if (ENDED_BY_LIMIT.has(reason)) return EXIT.TIMEOUT;
  if (reason === "killed" && stopSignal !== null) return EXIT.SIGNAL_BASE + stopSignal;
  if (exit.code !== null) return exit.code;
  // No process saw how it left: what ended it ended with KILL.
  return EXIT.SIGNAL_BASE + (exit.signal ?? 9);
}

/**
 * The same from the record alone, for a process that did not supervise the job. What no process saw is no success, but of an adopted job,
 * of which no exit is ever seen.
 */
export function recordedExitCode(outcome: Outcome, { adopted }: Pick<Job["spec"], "adopted">): number {
  const { reason, exit } = outcome;
  const isUnseen = exit.code === null && exit.signal === null;
  if (reason === "exited" && isUnseen) return adopted ? EXIT.DONE : EXIT.CORRAL_FAILED;
  return runExitCode(outcome, null);
}

/** True when there is nothing to report: the command ran and gave 0. */
export function isPlainSuccess(outcome: Outcome): boolean {
  return outcome.reason === "exited" && outcome.exit.code === 0;
}

/** `job 7k2m9q ended: timeout after 2.5s (died of KILL; cpu 1.2s, memory peak 120M, 14 tasks at most)`. */
export function endLine(id: string, outcome: Outcome, limits: Limits = NO_LIMITS): string {
  const { reason, usage, survivors } = outcome;
  if (outcome.run === null && reason !== "failed-to-start") {
    return `job ${id} ended: ${reason}, before it had begun`;
  }
  const parts = [
    exitWords(outcome.exit),
    `cpu ${formatCpuTime(usage?.cpuUsageUsec ?? null)}`,
    `memory peak ${formatOptionalBytes(usage?.memoryPeakBytes ?? null)}`,
    ...(reason === "oom" ? [oomCause(usage, limits) ?? []].flat() : []),
  ];
  const left = survivors.length > 0 ? `; ${stillAlive(survivors.length)}: corral show ${id}` : "";
  return `job ${id} ended: ${reason} after ${formatOptionalDuration(usage?.wallMs ?? null)} (${
    parts.join(", ")
  })${left}`;
}

/**
 * `6 processes were left behind and ended`: what there was of the job when its first process ended by itself, and the first signal went
 * out; null when there was nothing.
 */
export function leftBehind(
  { trigger, steps }: { trigger: EndReason; steps: readonly StoredEvent[] },
): string | null {
  if (trigger !== "exited" && trigger !== "signaled") return null;
  const { sent, refused } = steps.find(({ kind }) => kind === "signal")?.detail ?? {};
  const count = Number(sent ?? 0) + Number(refused ?? 0);
  if (count === 0) return null;
  return `${count === 1 ? "1 process was" : `${count} processes were`} left behind and ended`;
}

/** Whose memory ran out when a job ended for `oom`; null where the kernel does not report it. */
export function oomCause(usage: Usage | null, { memoryMaxBytes }: Limits): string | null {
  const events = usage?.memoryOomEvents ?? null;
  if (events === null) return null;
  if (events === 0) {
    return "its own limit was not reached: the node, a parent cgroup or a part of the job ran out";
  }
  return memoryMaxBytes === null
    ? "reached its own limit"
    : `reached its own limit of ${formatBytes(memoryMaxBytes)}`;
}

/**
 * `3 forks were refused at its limit of 5 processes (--pids)`; null when none was. Before Linux 6.11 the count may have gone with the
 * cgroup of the processes: then the peak shows that the limit was reached.
 */
export function refusedForks(usage: Usage | null, { pidsMax }: Limits): string | null {
  const count = usage?.pidsMaxEvents ?? 0;
  if (count === 0) {
    return pidsMax === null || (usage?.pidsPeak ?? 0) < pidsMax
      ? null
      : `reached its limit of ${pidsMax} processes (--pids): a fork beyond it is refused`;
  }
  const forks = count === 1 ? "1 fork was" : `${count} forks were`;
  const isOwn = pidsMax !== null && (usage?.pidsPeak ?? pidsMax) >= pidsMax;
  return isOwn
    ? `${forks} refused at its limit of ${pidsMax} processes (--pids)`
    : `${forks} refused at a limit of processes that is not its own`;
}

/** `GPU still held by 4711 python3: nvidia0, nvidia1`. */
export function gpuHeldWords(holders: readonly GpuHolder[]): string {
  const each = holders.map(({ pid, name, gpus }) => `${pid} ${printable(name)}: ${gpus.join(", ")}`);
  return `GPU still held by ${each.join("; ")}`;
}

/** `1 process is still alive`, `3 processes are still alive`. */
export function stillAlive(count: number): string {
  return count === 1 ? "1 process is still alive" : `${count} processes are still alive`;
}

function exitWords(exit: Exit): string {
  if (exit.code !== null) return `exit ${exit.code}`;
  return exit.signal === null ? "exit unknown" : `died of ${signalName(exit.signal)}`;
}
