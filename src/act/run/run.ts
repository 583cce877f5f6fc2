/**
 * The main job from the first record to the exit code: record, launch, supervise, receipt.
 *
 * Each failure has its own way out: the command cannot be run (126, 127), corral cannot run it (125), the store fails (reported, and the
 * job runs on).
 */
import { readKernelBytes, readKernelText } from "../../base/kernel_file.ts";
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { CorralError, EXIT, exitCodeOf } from "../../base/errors.ts";
import type { User } from "../../linux/users.ts";
import { newJobId } from "../../value/id.ts";
import type { EndReason, Exit, Job, JobSpec, RunningFacts, Watch } from "../../job/job.ts";
import { endLine, isPlainSuccess, runExitCode } from "../../job/outcome.ts";
import type { Backend } from "../../backend/backend.ts";
import { lookUpCommand } from "../../linux/command_lookup.ts";
import { launch, type Launched, releaseGuard } from "../launch/launch.ts";
import { guardOptions } from "../launch/guard.ts";
import { lostGroups } from "../launch/lost_groups.ts";
import { undecodableVariables } from "../launch/raw_environment.ts";
import { jobJson } from "../../job/json.ts";
import { toJson } from "../../base/json.ts";
import { quoted } from "../../base/text.ts";
import type { Ending, StoredEvent } from "../../job/events.ts";
import type { Detached } from "./detach.ts";
import { enforcementOn } from "../end/end_job.ts";
import type { JobRequest } from "./job_request.ts";
import type { Ledger } from "../../store/ledger.ts";
import { openLedger } from "./open_ledger.ts";
import { ownIdentity } from "../../observe/own_identity.ts";
import { anotherUser, gateFor, receiptFor, tellArrival } from "./for_user.ts";
import type { Receipt } from "./receipt.ts";
import { Sampling } from "../../observe/sampling.ts";
import { rememberLastSignal } from "../../linux/last_signal.ts";
import { keptIgnored, PassedSignals, toProcess } from "../../linux/passed_signals.ts";
import { exitOrEmpty } from "./exit_or_empty.ts";
import { ignoredSignals, onContinue, StopSignals } from "../../linux/stop_signals.ts";
import { supervise } from "./supervise.ts";
import { isHandedOn } from "./user_environment.ts";
import { type ParentChoice, watchParent } from "./with_parent.ts";
import { warnAboutNode } from "../../observe/node_warnings.ts";

/** What `corral run` was asked for, all values read. */
export interface RunRequest extends JobRequest {
  argv: string[];
  name: string;
  user: User | null;
  cwd: string;
  /** False when any other directory will do as well, should another user's job not get into this one. */
  isCwdAsked: boolean;
  /** For another user: what root's own variables give the job too, see isHandedOn(). */
  keepEnv: boolean;
  env: Record<string, string>;
  receipt: string | null;
  output: string | null;
  /** End the job when that process is gone. */
  withParent: ParentChoice;
  quiet: boolean;
}

/** The node, the caller, and where warnings go. */
export type RunContext = Node & Caller & Diagnostics;

/** How a job runs without a waiting caller: its output goes to a file. */
export interface DetachedRun extends Detached {
  /** Null for a file that another user's job makes for itself. */
  output: string | null;
}

/** Runs the job to its end; the exit code of `corral run`. Throws CorralError when there is no job to speak of. */
export async function runJob(
  context: RunContext,
  request: RunRequest,
  detached: DetachedRun | null = null,
): Promise<number> {
  const speak = detached?.say ?? context.say;
  const say = (line: string) => request.quiet || speak(line);
  // Looks at the parent at once; that it is gone already is recorded as any start that fails.
  const watching = watchParent(context, request.withParent);
  watching.catch(() => {});
  // Before any handler is set: afterwards an inherited "ignore" cannot be told from the default.
  const ignored = ignoredSignals(context.procs.root);
  const stop = new StopSignals();
  stop.listen(ignored);
  const passed = new PassedSignals();
  passed.listen(ignored);
  const other = anotherUser(request.user, context);
  const receipt = receiptFor(context, request, say);
  const backend = context.backend(request.backend);
  backend.prepare();
  const ledger = openLedger(context, say);
  const spec = specFrom(context, request, detached?.id ?? freeId(context, ledger));
  const watch: Watch = { supervisor: ownIdentity(context), backend: backend.name };
  crashPoint("launch: nothing recorded");
  ledger.insert(spec, watch);
  crashPoint("launch: recorded");
  const failed = new FailedStart(context, { spec, watch }, ledger, receipt);
  // Another user's job looks its command up itself (launch/user_gate.ts).
  if (other === null) await refuseMissingCommand(request, failed);
  const callerIsGone = await watching.catch(async (error) => {
    await failed.record("failed-to-start", { code: EXIT.CORRAL_FAILED, signal: null });
    throw error;
  });
  warnAboutNode(context, { spec, watch }, say);
  let launched: Launched;
  try {
    launched = await launchFrom(context, request, {
      ...{ spec, backend, ignored, detached, warn: say },
      receipt: receipt?.id ?? null,
    });
  } catch (error) {
    // Ctrl-C reaches the waiting process too: that the launch then fails is what was asked for.
    if (stop.received !== null) return await failed.recordStopped(stop.received);
    await failed.record("failed-to-start", { code: exitCodeOf(error, true), signal: null });
    throw error;
  }
  if (other !== null) tellArrival(launched.gate, request, say);
  // A detached supervisor holds no file system, and root no directory of a user's.
  if (detached !== null || other !== null) Deno.chdir("/");
  if (!ledger.markRunning(spec.id, launched.run, launched.limits)) {
    return await abandon(launched, spec, backend);
  }
  crashPoint("launch: running recorded");
  if (detached === null) {
    say(`job ${spec.id} started (pid ${launched.run.pid}, ${backend.describe(spec.id, launched.cgroup)})`);
  } else if (!detached.started()) {
    await failed.record("failed-to-start", { code: EXIT.CORRAL_FAILED, signal: null });
    return await abandon(launched, spec, backend);
  }
  const on = enforcementOn(context, { ledger, actor: "run", warn: say });
  if (stop.received === null) launched.gate.open();
  passed.sendTo(toProcess(launched.run, context.procs));
  crashPoint("launch: gate opened");
  const ending = await supervise(
    {
      spec,
      watch,
      run: launched.run,
      cgroup: launched.cgroup,
      backend,
      sampling: new Sampling(launched.cgroup, launched.run.startedBootMs, context.clock),
      exit: exitOrEmpty(launched.gate.exit, launched, context.procs),
      onChange: onContinue,
      callerIsGone,
      guard: launched.guard,
    },
    stop,
    on,
  );
  ledger.settle(spec.id);
  // Gone before the receipt is written, which may take long: the job is over, and recorded.
  await releaseGuard(launched.guard, backend, spec.id);
  await receipt?.write(
    receiptText(
      {
        spec: { ...spec, limits: launched.limits },
        watch,
        phase: { state: "ended", run: launched.run, ...ending },
      },
      ledger,
      ending.steps,
    ),
  );
  if (!isPlainSuccess(ending)) say(endLine(spec.id, ending));
  if (ending.reason === "killed" && stop.received !== null) rememberLastSignal(stop.received);
  return runExitCode(ending, stop.received);
}

async function refuseMissingCommand({ argv, env, cwd }: RunRequest, failed: FailedStart): Promise<void> {
  const found = lookUpCommand(argv[0]!, { path: env["PATH"] ?? "/usr/bin:/bin", cwd });
  if ("found" in found) return;
  await failed.record("failed-to-start", { code: found.exitCode, signal: null });
  throw new CorralError(`${quoted(argv[0]!)}: ${found.because}`, { exitCode: found.exitCode });
}

/** Another process has ended the job while this one hung in its launch: what is recorded as over must not run. */
async function abandon({ gate, guard, cgroup }: Launched, { id }: JobSpec, backend: Backend): Promise<never> {
  gate.close();
  await gate.exit;
  await backend.remove(cgroup);
  await releaseGuard(guard, backend, id);
  throw new CorralError(`job ${id} was ended before its command ran`, { remedy: `corral show ${id}` });
}

function freeId(context: RunContext, ledger: Ledger): string {
  for (;;) {
    const id = newJobId(context.randomBytes);
    if (!ledger.isTaken(id)) return id;
  }
}

function specFrom(context: RunContext, request: RunRequest, id: string): JobSpec {
  const { argv, name, ref, tags, cwd, limits, timeoutMs, graceMs, signal } = request;
  const owner = { user: request.user?.name ?? context.userName, uid: request.user?.uid ?? context.uid };
  const createdAtMs = context.clock.wallMs();
  return {
    id,
    name,
    ref,
    tags,
    argv,
    ...owner,
    cwd,
    limits,
    timeoutMs,
    graceMs,
    signal,
    createdAtMs,
    adopted: false,
  };
}

interface LaunchParts {
  spec: JobSpec;
  backend: Backend;
  ignored: number[];
  receipt: string | null;
  detached: DetachedRun | null;
  warn: (line: string) => void;
}

async function launchFrom(context: RunContext, request: RunRequest, parts: LaunchParts): Promise<Launched> {
  const other = anotherUser(request.user, context);
  const needsLog = parts.detached !== null && parts.detached.output === null;
  const raw = undecodableVariables(readKernelBytes(`${context.procs.root}/self/environ`));
  return await launch(parts.spec, parts.backend, context, {
    gate: {
      argv: request.argv,
      cwd: request.cwd,
      env: { ...request.env, CORRAL_JOB_ID: parts.spec.id },
      rawEnv: raw.filter(({ name }) => other === null || isHandedOn(name, request.keepEnv)),
      as: gateFor(context, request, needsLog ? `${parts.spec.id}.log` : null),
      lostGroups: lostGroups(readKernelText(`${context.procs.root}/self/status`)),
      ignoredSignals: keptIgnored(parts.ignored),
      output: parts.detached?.output ?? null,
    },
    bestEffort: request.bestEffort,
    swapIsImplied: request.swapIsImplied,
    warn: parts.warn,
    guard: guardOptions(context, parts.spec.id, { onOrphan: request.onOrphan, receipt: parts.receipt }),
  });
}

function receiptText(job: Job, ledger: Ledger, steps: StoredEvent[]): string {
  // The ledger reported the loss when it happened; the receipt still has the steps.
  const recorded = ledger.recorded(job.spec.id);
  // Limits and time-out may have been changed since the launch (`corral set`).
  const spec = recorded?.spec ?? job.spec;
  return toJson(jobJson({ ...job, spec }, recorded?.events ?? steps, null));
}

/** The record of a job whose command never ran. */
class FailedStart {
  constructor(
    readonly context: RunContext,
    readonly job: Pick<Job, "spec" | "watch">,
    readonly ledger: Ledger,
    readonly receipt: Receipt | null,
  ) {}

  async record(reason: EndReason, exit: Exit): Promise<void> {
    const ending: Ending = {
      reason,
      trigger: reason,
      exit,
      endedAtMs: this.context.clock.wallMs(),
      usage: null,
      survivors: [],
    };
    this.ledger.markEnded(this.job.spec.id, ending, []);
    this.ledger.settle(this.job.spec.id);
    const run: RunningFacts | null = null;
    await this.receipt?.write(
      receiptText({ ...this.job, phase: { state: "ended", run, ...ending } }, this.ledger, []),
    );
  }

  /** A signal came before the command ran; the exit code for it. */
  async recordStopped(signal: number): Promise<number> {
    await this.record("killed", { code: null, signal });
    rememberLastSignal(signal);
    return EXIT.SIGNAL_BASE + signal;
  }
}
