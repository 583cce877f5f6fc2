/** Changes limits of a live job at once, whichever process supervises it. */
import { type Backend, backstopMs } from "../../backend/backend.ts";
import { killAsOneOnOom, notInForce, unenforceable } from "../../backend/limits_in_force.ts";
import { CorralError, SetupError, UsageError } from "../../base/errors.ts";
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { readable, readCpuUsageUsec } from "../../cgroup/usage.ts";
import type { HealthSpec } from "../../job/health.ts";
import { type Job, runningFacts } from "../../job/job.ts";
import type { Limits } from "../../job/limits.ts";
import type { Node } from "../../observe/node.ts";
import { ownCgroup } from "../../observe/own_cgroup.ts";
import type { JobStore } from "../../store/jobs.ts";
import { formatDurationExact, type parseDurationChange } from "../../value/duration.ts";
import { parseSignal } from "../../value/signal.ts";

/** A value that was asked for; null lifts the limit. In an object: an absent one changes nothing, and commander takes a parsed null for one. */
export interface Wish<T> {
  value: T | null;
}

type SpanWish = Wish<ReturnType<typeof parseDurationChange>> | undefined;

/** What is to be changed; null lifts a limit. */
export interface LimitChanges {
  limits: Partial<Limits>;
  timeout?: SpanWish;
  cpuTime?: SpanWish;
  /** The checks from now on, null for none, and what the event says of the change. Absent: as they are. */
  health?: { spec: HealthSpec | null; detail: Record<string, unknown> };
}

/** What was done, in one line. Throws CorralError, StoreError. */
export async function setLimits(
  node: Node,
  store: JobStore,
  job: Job,
  changes: LimitChanges,
): Promise<string> {
  const { timeout, cpuTime } = changes;
  const cgroup = ownCgroup(node, job);
  const backend = node.backendOf(job);
  const limits: Limits = { ...job.spec.limits, ...changes.limits };
  if (Object.keys(changes.limits).length > 0) await applyLimits(cgroup, backend, limits);
  const { timeoutMs, deadlineBootMs } = newDeadline(node, job, timeout);
  const cpuTimeMs = newCpuTime(job, cgroup, cpuTime);
  const detail = {
    ...changes.limits,
    ...(timeout === undefined ? {} : { timeoutMs }),
    ...(cpuTime === undefined ? {} : { cpuTimeMs }),
    ...changes.health?.detail,
  };
  const health = changes.health === undefined ? job.spec.health ?? null : changes.health.spec;
  const event = { atMs: node.clock.wallMs(), actor: "set", kind: "set", detail };
  if (!store.change(job.spec.id, { limits, timeoutMs, cpuTimeMs, deadlineBootMs, health }, event)) {
    throw new CorralError(`job ${job.spec.id} is ending`, { remedy: `corral show ${job.spec.id}` });
  }
  if (timeout !== undefined) await backend.setBackstop(job.spec, backstopMs(timeoutMs, job.spec.graceMs));
  // The supervisor re-reads the record; a process that is not listening is not harmed by SIGCONT.
  if (job.watch !== null) node.procs.signal(job.watch.supervisor, node.clock.bootId(), parseSignal("CONT"));
  const told = [
    ...(timeout === undefined ? [] : [limitWords("timeout", timeoutMs)]),
    ...(cpuTime === undefined ? [] : [limitWords("limit of CPU time", cpuTimeMs)]),
  ].join(", ");
  return `${job.spec.id} set${told === "" ? "" : `: ${told}`}`;
}

function limitWords(what: string, ms: number | null): string {
  return ms === null ? `no ${what}` : `${what} ${formatDurationExact(ms)}`;
}

async function applyLimits(cgroup: OwnedCgroup, backend: Backend, limits: Limits): Promise<void> {
  const missing = unenforceable(limits, backend.controllers())[0];
  if (missing) {
    throw new SetupError(
      `${missing.option} cannot be enforced: the ${missing.controller} controller is not available to jobs here`,
      backend.remedyFor(missing.controller),
    );
  }
  await backend.setLimits(cgroup, limits);
  killAsOneOnOom(cgroup, limits);
  const failed = notInForce(cgroup, limits)[0];
  if (failed) {
    throw new CorralError(
      `${failed.option} is not in force: ${failed.file} says ${failed.found ?? "nothing"}`,
      { remedy: "see: corral doctor" },
    );
  }
}

function newDeadline(
  { clock }: Node,
  job: Job,
  change: LimitChanges["timeout"],
): { timeoutMs: number | null; deadlineBootMs: number | null } {
  const run = runningFacts(job);
  const { timeoutMs } = job.spec;
  if (run === null || change === undefined) return { timeoutMs, deadlineBootMs: run?.deadlineBootMs ?? null };
  const wish = change.value;
  if (wish === null) return { timeoutMs: null, deadlineBootMs: null };
  if (wish.kind === "absolute") {
    return { timeoutMs: wish.durationMs, deadlineBootMs: run.startedBootMs + wish.durationMs };
  }
  if (timeoutMs === null) {
    throw new UsageError("--timeout: the job has no timeout to move: give a whole one, such as 2h");
  }
  const moved = timeoutMs + wish.deltaMs;
  const passed = clock.bootMs() - run.startedBootMs;
  // A deadline in the past would be a kill, which has a command of its own.
  if (moved <= passed) {
    throw new UsageError(`--timeout: the job has run for ${formatDurationExact(passed)} already`, {
      remedy: `to end it: corral kill ${job.spec.id}`,
    });
  }
  return { timeoutMs: moved, deadlineBootMs: run.startedBootMs + moved };
}

function newCpuTime(job: Job, cgroup: OwnedCgroup, change: LimitChanges["cpuTime"]): number | null {
  const { id, cpuTimeMs } = job.spec;
  if (change === undefined) return cpuTimeMs;
  const wish = change.value;
  if (wish === null) return null;
  if (wish.kind === "absolute") return wish.durationMs;
  if (cpuTimeMs === null) {
    throw new UsageError("--cpu-time: the job has no limit of it to move: give a whole one, such as 2h");
  }
  const moved = cpuTimeMs + wish.deltaMs;
  const usedMs = (readCpuUsageUsec(readable(cgroup.fs, cgroup.path)) ?? 0) / 1000;
  if (moved <= usedMs) {
    throw new UsageError(`--cpu-time: the job has used ${formatDurationExact(usedMs)} already`, {
      remedy: `to end it: corral kill ${id}`,
    });
  }
  return moved;
}
