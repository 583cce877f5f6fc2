/** The supervisor's loop around decide(): waits for the command, the deadline and signals, and ends the job. */
import { type Action, decide } from "../../job/decide.ts";
import type { Observation } from "../../job/observation.ts";
import {
  type EndReason,
  type Exit,
  type Job,
  NO_EXIT,
  type RunningFacts,
  type Watch,
} from "../../job/job.ts";
import { outerJobOf } from "../../job/names.ts";
import { observeOwn } from "../../observe/job.ts";
import { restoreKillAsOne } from "../../backend/limits_in_force.ts";
import type { JobHealth } from "../health/on_demand.ts";
import type { Guard } from "../launch/guard.ts";
import { trimMemory } from "../../linux/libc.ts";
import { afterFree } from "../../base/poll.ts";
import { type EndableJob, type EndedJob, endJob, type Enforcement } from "../end/end_job.ts";
import type { StopSignals } from "../../linux/stop_signals.ts";

/** Timers are re-armed at least this often: setTimeout tops out at 24.8 days, and the node may have slept. */
const REARM_MS = 3_600_000;
/** How soon a job with `--with-parent` notices that its caller is gone: the kernel gives no notice. */
const CALLER_POLL_MS = 1_000;
/** A job that lives longer is waited for with as little memory as possible. */
const IDLE_AFTER_MS = 2_000;
/** From the kill of everything to the notice of the first process's exit, as far as this process is free to take notice. */
const EXIT_NOTICE_CAP_MS = 5_000;

/** A job with its command let run. */
export interface Supervised extends EndableJob {
  watch: Watch;
  run: RunningFacts;
  /** Resolves when the command's first process has gone. */
  exit: Promise<Exit>;
  /** Called when `corral set` has changed the deadline. */
  onChange: (act: () => void) => void;
  /** With `--with-parent`; null for a job that outlives its caller. */
  callerIsGone: (() => boolean) | null;
  /** Looks after its health. */
  health?: JobHealth;
  /** Learns of a deadline that was moved. */
  guard: Pick<Guard, "expectEndWithin"> | null;
}

/** Resolves when the job has ended and its cgroup is empty and removed. */
export async function supervise(job: Supervised, stop: StopSignals, on: Enforcement): Promise<EndedJob> {
  let exit: Exit | null = null;
  let wake = () => {};
  job.exit.catch(() => NO_EXIT).then((left) => {
    exit = left;
    wake();
  });
  stop.onSignal(() => wake());
  job.onChange(() => {
    rereadTimeLimits(job, on);
    const health = on.ledger.healthSpec(job.spec.id);
    if (health !== undefined) job.health?.use(health);
    wake();
  });
  job.health?.follow(() => wake());
  Deno.unrefTimer(setTimeout(() => trimMemory(on.procs.root), IDLE_AFTER_MS));
  using _samples = job.sampling.follow(
    on.ledger,
    job.spec.id,
    () => restoreKillAsOne(job.cgroup, job.spec.limits),
  );
  for (;;) {
    const action = decide(
      asRunning(job),
      observeOwn(job, {
        ...on,
        exit,
        endRequest: endRequest(stop),
        callerGone: job.callerIsGone?.() ?? false,
        unhealthy: job.health?.unhealthy ?? null,
      }),
    );
    // Moved a moment ago, and the notice has not come yet.
    if (action.do === "end" && isLimitOfTime(action.reason) && rereadTimeLimits(job, on)) continue;
    if (action.do === "end" || action.do === "collect") {
      const skipGrace = action.do === "end" && action.skipGrace;
      const exitAfterwards = () =>
        Promise.race([job.exit.catch(() => NO_EXIT), afterFree(EXIT_NOTICE_CAP_MS)]);
      const ended = await endJob(job, {
        reason: action.reason,
        exit,
        skipGrace,
        hurry: stop.hurry,
        exitAfterwards,
        ...(stop.received !== null && isSignalledWithOuter(job, on) ? { graceLeftMs: job.spec.graceMs } : {}),
      }, on);
      if (ended !== null) {
        await job.health?.stop();
        return ended;
      }
    }
    const untilMs = untilLimitMs(action, on);
    // A deadline is known to it; when CPU time can be up changes with each look.
    if (job.spec.cpuTimeMs !== null && untilMs < Infinity) {
      job.guard?.expectEndWithin(untilMs + job.spec.graceMs);
    }
    const rearmMs = job.callerIsGone === null ? REARM_MS : CALLER_POLL_MS;
    const waitMs = Math.max(0, Math.min(untilMs, rearmMs));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      // What happened between the observation and this line must not be slept over.
      if (exit !== null || stop.received !== null) wake();
    });
  }
}

/** The end of the job in which this one was started signals every process in it: a second signal means something else to many. */
function isSignalledWithOuter({ spec, run }: Supervised, on: Enforcement): boolean {
  const outer = outerJobOf(run.cgroup.path);
  return outer !== null && on.ledger.firstSignalOfEnding(outer) === spec.signal;
}

function untilLimitMs(action: Action, { clock }: Enforcement): number {
  const until = action.do === "wait" ? action.untilBootMs : null;
  return until === null ? Infinity : until - clock.bootMs();
}

const isLimitOfTime = (reason: EndReason) => reason === "timeout" || reason === "cpu-time";

/** True when the recorded limits of time are others than those waited for; they are waited for from now on. */
function rereadTimeLimits(job: Supervised, on: Enforcement): boolean {
  const recorded = on.ledger.timeLimits(job.spec.id);
  if (recorded === undefined) return false;
  const { deadlineBootMs, cpuTimeMs } = recorded;
  if (deadlineBootMs === job.run.deadlineBootMs && cpuTimeMs === job.spec.cpuTimeMs) return false;
  job.run.deadlineBootMs = deadlineBootMs;
  job.spec.cpuTimeMs = cpuTimeMs;
  job.guard?.expectEndWithin(
    deadlineBootMs === null ? null : deadlineBootMs - on.clock.bootMs() + job.spec.graceMs,
  );
  return true;
}

function asRunning(job: Supervised): Job {
  return { spec: job.spec, watch: job.watch, phase: { state: "running", run: job.run } };
}

function endRequest(stop: StopSignals): Observation["endRequest"] {
  return stop.received === null ? null : { skipGrace: stop.hurry.aborted };
}
