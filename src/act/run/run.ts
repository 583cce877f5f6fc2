/**
 * The main job from the first record to the exit code: record, launch, supervise, receipt.
 *
 * Each failure has its own way out: the command cannot be run (126, 127), corral cannot run it (125), the store fails (reported, and the
 * job runs on).
 */
import { readKernelBytes, readKernelText } from "../../base/kernel_file.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { CorralError, EXIT, exitCodeOf } from "../../base/errors.ts";
import { type Job, type JobSpec } from "../../job/job.ts";
import {
  endLine,
  gpuHeldWords,
  isPlainSuccess,
  leftBehind,
  refusedForks,
  runExitCode,
} from "../../job/outcome.ts";
import { type Backend } from "../../backend/backend.ts";
import { launch, type Launched, releaseGuard } from "../launch/launch.ts";
import { guardOptions } from "../launch/guard.ts";
import { lostGroups } from "../launch/lost_groups.ts";
import { undecodableVariables } from "../launch/raw_environment.ts";
import { awaitOutput, recordCut } from "./cut_output.ts";
import { runOnEnd } from "../end/on_end.ts";
import { enforcementOn } from "../end/end_job.ts";
import { gateFor, tellArrival } from "./for_user.ts";
import { gpuHoldersOf } from "../../observe/gpu.ts";
import { Sampling } from "../../observe/sampling.ts";
import { rememberLastSignal } from "../../linux/last_signal.ts";
import { keptIgnored, toProcess } from "../../linux/passed_signals.ts";
import { whyNotRunnable } from "./runnable.ts";
import { notRunnable } from "../launch/not_runnable.ts";
import { exitOfAll, exitOrEmpty } from "./exit_or_empty.ts";
import { onContinue } from "../../linux/stop_signals.ts";
import { receiptText } from "./failed_start.ts";
import { type DetachedRun, recordedRun, type Run } from "./recorded_run.ts";
import type { RunContext, RunRequest } from "./run_request.ts";
import { makeHeartbeatFile, removeHeartbeatFile } from "../heartbeat/heartbeat_file.ts";
import { HealthOnDemand } from "../health/on_demand.ts";
import { supervise, type Supervised } from "./supervise.ts";
import { isHandedOn } from "./user_environment.ts";
import { watchParentAndStep } from "./with_parent.ts";
import { warnAboutNode } from "../../observe/node_warnings.ts";
import { slurmHere } from "../../observe/slurm.ts";

export type { DetachedRun } from "./recorded_run.ts";
export type { RunContext, RunRequest } from "./run_request.ts";

/** Runs the job to its end; the exit code of `corral run`. Throws CorralError when there is no job to speak of. */
export async function runJob(
  context: RunContext,
  request: RunRequest,
  detached: DetachedRun | null = null,
): Promise<number> {
  // Looks at the parent at once; that it is gone already is recorded as any start that fails.
  const slurm = await slurmHere(context);
  const watching = watchParentAndStep(context, request.withParent, slurm?.stepd ?? null);
  watching.catch(() => {});
  const run = await recordedRun(context, request, { detached, slurm, watching });
  if (typeof run === "number") return run;
  try {
    return await launchedRun(run, watching);
  } finally {
    if (request.pool != null) {
      const { admitNext } = await import("../queue/pass.ts");
      await admitNext(context, request.pool.pools, run.queueStore);
    }
  }
}

/** From the record to the exit code. */
async function launchedRun(run: Run, watching: ReturnType<typeof watchParentAndStep>): Promise<number> {
  const { context } = run;
  // Another user's job looks its command up itself (launch/user_gate.ts).
  if (run.other === null) {
    const stopped = await refuseUnrunnable(run);
    if (stopped !== null) return stopped;
  }
  const callerIsGone = await watching.catch(async (error) => {
    await run.failed.record("failed-to-start", { code: EXIT.CORRAL_FAILED, signal: null });
    throw error;
  });
  warnAboutNode(context, run, run.say);
  const launched = await launchRun(run);
  if (typeof launched === "number") return launched;
  await announce(run, launched);
  const { stop, passed } = run;
  const health = await healthWatchOf(run, launched);
  if (stop.received === null) launched.gate.open();
  passed.sendTo(toProcess(launched.run, context.procs));
  crashPoint("launch: gate opened");
  return await superviseRun(run, launched, { callerIsGone, health });
}

/** The job waiting at its gate, recorded as running; an exit code when a signal came first. */
async function launchRun(run: Run): Promise<Launched | number> {
  const { request, stop, failed, detached, other, ledger, spec, backend } = run;
  let launched: Launched;
  try {
    launched = await launchFrom(run);
  } catch (error) {
    // Ctrl-C reaches the waiting process too: that the launch then fails is what was asked for.
    if (stop.received !== null) return await failed.recordStopped(stop.received);
    await failed.record("failed-to-start", { code: exitCodeOf(error, true), signal: null });
    throw error;
  }
  if (detached?.bounded) recordCut(run, detached.bounded);
  if (other !== null) tellArrival(launched.gate, request, run.say);
  // A detached supervisor holds no file system, and root no directory of a user's.
  if (detached !== null || other !== null) Deno.chdir("/");
  if (!ledger.markRunning(spec.id, launched.run, launched.limits)) {
    return await abandon(launched, spec, backend);
  }
  crashPoint("launch: running recorded");
  return launched;
}

/** Reports the start to the caller; a caller of `--detach` that has given up meanwhile gets no job. */
async function announce({ detached, say, spec, backend, failed }: Run, launched: Launched): Promise<void> {
  if (detached === null) {
    say(`job ${spec.id} started (pid ${launched.run.pid}, ${backend.describe(spec.id, launched.cgroup)})`);
  } else if (!detached.started()) {
    await failed.record("failed-to-start", { code: EXIT.CORRAL_FAILED, signal: null });
    await abandon(launched, spec, backend);
  }
}

/** The signs are looked at before the command can give any: what changes afterwards is the command's. */
async function healthWatchOf({ context, spec, backend, ledger, say }: Run, launched: Launched) {
  const on = enforcementOn(context, { ledger, actor: "run", warn: say });
  const { run, cgroup } = launched;
  const watch = new HealthOnDemand({ spec, run, cgroup, backend }, on);
  await watch.look();
  return watch;
}

/** From the open gate to the exit code. */
async function superviseRun(
  run: Run,
  launched: Launched,
  { callerIsGone, health }: Pick<Supervised, "callerIsGone"> & { health: HealthOnDemand },
): Promise<number> {
  const { context, spec, watch, backend, ledger, stop, receipt } = run;
  const { say } = run;
  const exit = exitOrEmpty(launched.gate.exit, launched, context.procs);
  const ending = await supervise(
    {
      ...{ spec, watch, backend, callerIsGone },
      run: launched.run,
      cgroup: launched.cgroup,
      sampling: new Sampling(launched.cgroup, launched.run.startedBootMs, context.clock),
      exit: spec.waitAll ? exitOfAll(exit, launched.cgroup) : exit,
      onChange: onContinue,
      guard: launched.guard,
      health,
    },
    stop,
    health.on,
  );
  if (run.detached?.bounded) await awaitOutput(run.detached.bounded);
  ledger.settle(spec.id);
  // Gone before the receipt is written, which may take long: the job is over, and recorded.
  await releaseGuard(launched.guard, backend, spec.id);
  await removeHeartbeatFile(spec.health);
  const phase = { state: "ended", run: launched.run, ...ending } as const;
  const job: Job = { spec: { ...spec, limits: launched.limits }, watch, phase };
  const gpuHolders = await gpuHoldersOf(context, job);
  await receipt?.write(receiptText(job, ledger, { steps: ending.steps, gpuHolders }));
  reportEnd(run, job, leftBehind(ending));
  if (gpuHolders !== null && gpuHolders.length > 0) say(`job ${spec.id}: ${gpuHeldWords(gpuHolders)}`);
  // A second signal that came before was meant for the job.
  await runOnEnd(context, job, {
    ledger,
    actor: "run",
    ...(stop.hurry.aborted ? {} : { hurry: stop.hurry }),
  });
  if (ending.reason === "killed" && stop.received !== null) rememberLastSignal(stop.received);
  return runExitCode(ending, stop.received);
}

/** What the caller should know besides the exit code. */
function reportEnd({ say }: Run, { spec: { id, limits }, phase }: Job, left: string | null): void {
  if (phase.state !== "ended") return;
  if (left !== null) say(`job ${id}: ${left}`);
  if (!isPlainSuccess(phase)) say(endLine(id, phase, limits));
  const refused = refusedForks(phase.usage, limits);
  // A job that did well at exactly its limit lacks nothing.
  const isCertain = (phase.usage?.pidsMaxEvents ?? 0) > 0 || !isPlainSuccess(phase);
  if (refused !== null && isCertain) say(`job ${id}: ${refused}`);
}

/** Null when the command may run; an exit code when a signal came before that was known. Throws CorralError when it may not. */
async function refuseUnrunnable({ request, failed, stop }: Run): Promise<number | null> {
  const command = request.argv[0]!;
  const where = { path: request.env["PATH"] ?? "/usr/bin:/bin", cwd: request.cwd };
  const why = await whyNotRunnable(command, where, stop);
  if (stop.received !== null) return await failed.recordStopped(stop.received);
  if (why === null) return null;
  await failed.record("failed-to-start", { code: why.exitCode, signal: null });
  throw notRunnable(command, why);
}

/** Another process has ended the job while this one hung in its launch: what is recorded as over must not run. */
async function abandon({ gate, guard, cgroup }: Launched, { id }: JobSpec, backend: Backend): Promise<never> {
  gate.close();
  await gate.exit;
  await backend.remove(cgroup);
  await releaseGuard(guard, backend, id);
  throw new CorralError(`job ${id} was ended before its command ran`, { remedy: `corral show ${id}` });
}

async function launchFrom({ context, request, spec, backend, ...run }: Run): Promise<Launched> {
  const { other, detached } = run;
  await makeHeartbeatFile(spec.health);
  const heartbeat = spec.health?.heartbeat;
  const needsLog = detached !== null && detached.output === null;
  const raw = undecodableVariables(readKernelBytes(`${context.procs.root}/self/environ`));
  const launched = await launch(spec, backend, context, {
    gate: {
      argv: request.argv,
      cwd: request.cwd,
      env: {
        ...request.env,
        CORRAL_JOB_ID: spec.id,
        ...(heartbeat === undefined ? {} : { CORRAL_HEARTBEAT: heartbeat.file }),
      },
      rawEnv: raw.filter(({ name }) => other === null || isHandedOn(name, request.keepEnv)),
      as: gateFor(context, request, needsLog ? `${spec.id}.log` : null),
      lostGroups: lostGroups(readKernelText(`${context.procs.root}/self/status`)),
      ignoredSignals: keptIgnored(run.ignored),
      output: detached?.bounded?.path ?? detached?.output ?? null,
    },
    bestEffort: request.bestEffort,
    swapIsImplied: request.swapIsImplied,
    warn: run.say,
    guard: guardOptions(context, spec.id, { onOrphan: request.onOrphan }),
  });
  if (!detached?.bounded || detached.output === null) return launched;
  // The gate's output is the pipe before it.
  return { ...launched, run: { ...launched.run, outputFile: detached.output } };
}
