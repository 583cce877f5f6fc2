/**
 * Launches a job: gate, cgroup, limits read back, record. When it returns, the command waits in its cgroup, everything is known and
 * recorded, and `open()` lets it run. When it throws, only the row that records it is left.
 */
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { SetupError } from "../../base/errors.ts";
import type { Clock } from "../../linux/clock.ts";
import type { Procs } from "../../linux/proc.ts";
import type { JobSpec, RunningFacts } from "../../job/job.ts";
import { isOnlyImplied, type LimitKey, type Limits, NO_LIMITS } from "../../job/limits.ts";
import type { Backend } from "../../backend/backend.ts";
import { type Guard, type GuardOptions, makeGuard } from "./guard.ts";
import { poll } from "../../base/poll.ts";
import { type Gate, type GateOptions, makeGate } from "./gate.ts";
import { tighterOnTheWay } from "../../backend/limits_on_the_way.ts";
import { killAsOneOnOom, notInForce, unenforceable } from "../../backend/limits_in_force.ts";

/** systemd reports the job's scope, and starts the guard's in the same transaction. */
const GUARD_CAP_MS = 2_000;

/** How strictly, and around what process. */
export interface LaunchOptions {
  gate: GateOptions;
  bestEffort: boolean;
  /** See withImpliedSwap. */
  swapIsImplied: boolean;
  warn: (line: string) => void;
  /** Null: the job has none. */
  guard: GuardOptions | null;
}

/** A job that waits at its gate. */
export interface Launched {
  gate: Gate;
  /** Null where none could be started, which was said. */
  guard: Guard | null;
  cgroup: OwnedCgroup;
  run: RunningFacts;
  /** The limits that are in force. */
  limits: Limits;
}

/** Throws SetupError for a limit that cannot be enforced (unless `bestEffort`), and when the node refuses the cgroup. */
export async function launch(
  spec: JobSpec,
  backend: Backend,
  host: { procs: Procs; clock: Clock },
  options: LaunchOptions,
): Promise<Launched> {
  const limits = enforceable(spec.limits, backend, options);
  const gate = await makeGate(options.gate);
  crashPoint("launch: gate made");
  const guard = startGuard(options);
  crashPoint("launch: guard made");
  const cgroup = await place({ ...spec, limits }, backend, { gate, guard });
  crashPoint("launch: placed");
  try {
    guard?.watch(cgroup.fs.locate(cgroup.path));
    const inForce = secureLimits(cgroup, limits, options);
    checkTheWay(cgroup, host.procs.cgroupPath(gate.pid), inForce, options);
    crashPoint("launch: limits read back");
    const run = { ...facts(spec, gate, cgroup, host), ...outputOf(gate, options) };
    if (run.deadlineBootMs !== null) {
      guard?.expectEndWithin(run.deadlineBootMs - run.startedBootMs + spec.graceMs);
    }
    await secureGuard(spec.id, backend, guard, options.warn);
    crashPoint("launch: guard knows the cgroup");
    return { gate, guard, cgroup, limits: inForce, run };
  } catch (error) {
    gate.close();
    await gate.exit;
    await backend.remove(cgroup);
    await releaseGuard(guard, backend, spec.id);
    throw error;
  }
}

async function place(
  spec: JobSpec,
  backend: Backend,
  { gate, guard }: Pick<Launched, "gate" | "guard">,
): Promise<OwnedCgroup> {
  try {
    return await backend.place(spec, gate.pid, guard?.pid ?? null);
  } catch (error) {
    gate.close();
    await gate.exit;
    await backend.discard(spec.id);
    await releaseGuard(guard, backend, spec.id);
    throw error;
  }
}

/** From the exit of a guard to the removal of its cgroup; past it the guard is moved out. */
const GUARD_REMOVAL_CAP_MS = 5_000;
const NO_GUARD = "warning: this job has no guard: should its supervisor be killed, only a sweep ends it";

function startGuard({ guard, warn }: LaunchOptions): Guard | null {
  if (guard === null) return null;
  try {
    return makeGuard(guard);
  } catch (error) {
    warn(`${NO_GUARD}: ${(error as Error).message}`);
    return null;
  }
}

/** The guard is where neither the end of the job nor that of the caller reaches it, before the command runs. */
async function secureGuard(
  id: string,
  backend: Backend,
  guard: Guard | null,
  warn: (line: string) => void,
): Promise<void> {
  if (guard === null) return;
  const isReady = await guard.isReady() &&
    await poll(() => backend.isGuardPlaced(id, guard.pid), GUARD_CAP_MS);
  if (!isReady) warn(NO_GUARD);
}

/** At the end of a job: the guard goes, and its cgroup. */
export async function releaseGuard(guard: Guard | null, backend: Backend, id: string): Promise<void> {
  await guard?.release();
  crashPoint("guard: released");
  // A process that has exited may still be in its cgroup for a moment.
  const isRemoved = await poll(() => backend.removeGuards((other) => other !== id), GUARD_REMOVAL_CAP_MS);
  // A starved node has not yet let it exit.
  if (!isRemoved && guard !== null) backend.leaveGuard(id);
}

/** What this node's controllers can hold. Throws SetupError naming the first one that is missing, with the remedy. */
function enforceable(limits: Limits, backend: Backend, options: LaunchOptions): Limits {
  const failed = unenforceable(limits, backend.controllers()).map(({ option, key, controller }) => ({
    key,
    message: `${option} cannot be enforced: the ${controller} controller is not available to jobs here`,
    remedy: () => backend.remedyFor(controller),
  }));
  return without(failed, limits, options);
}

/** Reads every limit back: a limit that was silently ignored is as good as none (systemd #12362). */
function secureLimits(cgroup: OwnedCgroup, limits: Limits, options: LaunchOptions): Limits {
  if (!killAsOneOnOom(cgroup, limits)) {
    options.warn(
      "warning: this kernel has no memory.oom.group: out of memory, it kills single processes of the job",
    );
  }
  const failed = notInForce(cgroup, limits).map(({ option, key, file, found }) => ({
    key,
    message: `${option} is not in force: ${file} ${found === null ? "does not exist" : `says ${found}`}`,
    remedy: () => "see: corral doctor",
  }));
  return without(failed, limits, options);
}

/** A tighter limit of the job's own cgroups is as an ignored one; what others share with it is theirs to set, and only reported. */
function checkTheWay(
  cgroup: OwnedCgroup,
  processPath: string | null,
  limits: Limits,
  options: LaunchOptions,
): void {
  const tighter = processPath === null ? [] : tighterOnTheWay(cgroup, processPath, limits);
  for (const { option, asked, path, file, found, isJobs } of tighter) {
    const where = `${file} of ${path.slice(path.lastIndexOf("/") + 1)} is ${found}`;
    if (isJobs && !options.bestEffort) {
      throw new SetupError(
        `${option} ${asked} is not in force: ${where}`,
        "see the drop-ins: systemd-delta --type=extended; or run with less: --best-effort",
      );
    }
    options.warn(`warning: ${option} ${asked} cannot be reached: ${where}`);
  }
}

/** The limits without the failed ones; each of them is an error, or with `bestEffort` a warning. */
function without(
  failed: readonly { key: LimitKey; message: string; remedy: () => string }[],
  limits: Limits,
  options: LaunchOptions,
): Limits {
  let kept = limits;
  for (const { key, message, remedy } of failed) {
    kept = { ...kept, [key]: NO_LIMITS[key] };
    if (isOnlyImplied(key, options)) continue;
    if (!options.bestEffort) throw new SetupError(message, `${remedy()}; or run without it: --best-effort`);
    options.warn(`warning: ${message}`);
  }
  return kept;
}

function facts(
  spec: JobSpec,
  gate: Gate,
  cgroup: OwnedCgroup,
  host: { procs: Procs; clock: Clock },
): RunningFacts {
  const identity = host.procs.identify(gate.pid, host.clock.bootId());
  if (identity === null) throw tooSmall(cgroup);
  const startedBootMs = host.clock.bootMs();
  return {
    pid: gate.pid,
    startTicks: identity.startTicks,
    // The gate has a session of its own.
    pgid: gate.pid,
    cgroup: cgroup.record,
    startedAtMs: host.clock.wallMs(),
    startedBootMs,
    deadlineBootMs: spec.timeoutMs === null ? null : startedBootMs + spec.timeoutMs,
  };
}

/** Another user's process reports where its output goes. */
function outputOf(
  { arrived }: Gate,
  { gate: { output: own } }: LaunchOptions,
): Pick<RunningFacts, "outputFile"> {
  const outputFile = arrived === null ? own : arrived.output;
  return outputFile === null ? {} : { outputFile };
}

function tooSmall(cgroup: OwnedCgroup): SetupError {
  const events = cgroup.read("memory.events") ?? "";
  return /^oom_kill [1-9]/m.test(events)
    ? new SetupError("the memory limit is too small for any process to start", "give --memory more")
    : new SetupError("the command's process vanished before it was started", "try again");
}
