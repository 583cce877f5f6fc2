/**
 * Takes running processes and all that descends from them into a job, and supervises it as any other.
 *
 * The job's cgroup is made around a holder, a process that waits at the gate as at every launch: limits that cannot be enforced are known
 * before any process is touched, and the cgroup cannot vanish. The tree is moved in beside it (act/adopt/take.ts), then the holder leaves. The job
 * is over when nothing is left.
 */
import { take } from "./take.ts";
import type { Tree } from "./tree.ts";
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { CorralError, EXIT } from "../../base/errors.ts";
import type { ProcStat } from "../../linux/proc.ts";
import { after } from "../../base/poll.ts";
import { readProcess } from "../../linux/processes.ts";
import { namesOfUids, usersOfUids } from "../../linux/users.ts";
import type { JobSpec, RunningFacts, Watch } from "../../job/job.ts";
import { jobNameFromCommand } from "../../value/name.ts";
import type { Backend } from "../../backend/backend.ts";
import { guardOptions } from "../launch/guard.ts";
import { launch, type Launched, releaseGuard } from "../launch/launch.ts";
import type { JobStore } from "../../store/jobs.ts";
import { chooseTree } from "./choose.ts";
import type { Detached } from "../launch/detach.ts";
import { emptied } from "../../observe/emptied.ts";
import { enforcementOn } from "../end/end_job.ts";
import type { JobRequest } from "../run/job_request.ts";
import { Ledger } from "../../store/ledger.ts";
import { warnAboutNode } from "../../observe/node_warnings.ts";
import { ownIdentity } from "../../observe/own_identity.ts";
import { releaseAdopted } from "../end/release_adopted.ts";
import { PassedSignals } from "../../linux/passed_signals.ts";
import { ignoredSignals, onContinue, StopSignals } from "../../linux/stop_signals.ts";
import { Sampling } from "../../observe/sampling.ts";
import { HealthWatch } from "../health/health_watch.ts";
import { healthSpecFrom } from "../run/health_spec.ts";
import { supervise } from "../run/supervise.ts";

/** What `corral adopt` was asked for, all values read. */
export interface AdoptRequest extends JobRequest {
  pids: readonly number[];
  /** null: after the command of the first process. */
  name: string | null;
  /** Also out of a Slurm step, and with limits that are passed already. */
  force: boolean;
}

/** The holder closes within milliseconds, unless its cgroup is frozen or starved; the adoption waits for it no longer. */
const HOLDER_CAP_MS = 5_000;

/** The node, and the caller that adopts. */
type Adopter = Node & Caller & Diagnostics;

/** A job that is being made. */
interface Adoption {
  context: Adopter;
  request: AdoptRequest;
  store: JobStore;
  backend: Backend;
  spec: JobSpec;
  watch: Watch;
  tree: Tree<ProcStat>;
  check: (member: ProcStat) => void;
  stop: StopSignals;
  say: (line: string) => void;
}

/** Supervises the job to its end. Throws CorralError, StoreError when there is no job; then no process was ended, and no limit holds. */
export async function adoptJob(context: Adopter, request: AdoptRequest, detached: Detached): Promise<number> {
  const ignored = ignoredSignals(context.procs.root);
  const stop = new StopSignals();
  stop.listen(ignored);
  // An adopted job has no first process to pass them on to: they change nothing.
  new PassedSignals().listen(ignored);
  // Unlike a launch, an adoption that cannot be recorded is not begun: nothing would be lost by waiting.
  const store = context.openStore("adopt");
  const backend = context.backend(request.backend);
  const { tree, first, check, places } = chooseTree(context, store, { ...request, id: detached.id });
  const spec = await specFrom(context, request, { id: detached.id, first });
  const watch: Watch = { supervisor: ownIdentity(context), backend: backend.name };
  store.insert(spec, watch);
  crashPoint("adopt: recorded");
  const { say } = detached;
  warnAboutNode(context, { spec, watch }, say);
  const { holder, members } = await takeOver({
    ...{ context, request, store, backend, spec, watch, tree, check, stop, say },
  });
  const run: RunningFacts = { ...holder.run, ...identityOf(first) };
  const ledger = ledgerOf(context, store);
  const isOurs = ledger.markRunning(spec.id, run, holder.limits);
  crashPoint("adopt: running recorded");
  holder.gate.close();
  crashPoint("adopt: holder told to go");
  if (!isOurs) await releaseGuard(holder.guard, backend, spec.id);
  if (!isOurs) throw new CorralError(`job ${spec.id} was ended while it was being made`);
  if (places.length > 0) {
    say(`warning: they leave ${places.join(", ")}: its limits and accounting no longer hold for them`);
  }
  const where = backend.describe(spec.id, holder.cgroup);
  const count = members.length === 1 ? "1 process" : `${members.length} processes`;
  say(`job ${spec.id} adopted ${count} (pid ${first.pid}, ${where})`);
  detached.started();
  const { cgroup } = holder;
  const on = enforcementOn(context, { ledger, actor: "adopt", warn: context.say });
  await supervise(
    {
      spec,
      watch,
      run,
      cgroup,
      backend,
      sampling: new Sampling(cgroup, run.startedBootMs, context.clock),
      exit: emptied(cgroup),
      onChange: onContinue,
      callerIsGone: null,
      guard: holder.guard,
      health: new HealthWatch({ spec, run, cgroup, backend }, on),
    },
    stop,
    on,
  );
  ledger.settle(spec.id);
  await releaseGuard(holder.guard, backend, spec.id);
  return EXIT.DONE;
}

/** From here on as for a launch: no write holds up the end, and what a store does not take is left to the next sweep. */
function ledgerOf(context: Adopter, store: JobStore): Ledger {
  const launch = {
    unwritten: context.unwritten(),
    reopen: (waitMs: number) => context.openLaunchStore(waitMs),
  };
  return new Ledger(store, context.say, { isShared: false, launch });
}

function identityOf({ pid, startTicks, pgid }: ProcStat): Pick<RunningFacts, "pid" | "startTicks" | "pgid"> {
  return { pid, startTicks, pgid };
}

/** The cgroup with the whole tree in it, and still with the holder. What was done is undone when it throws. */
async function takeOver(adoption: Adoption): Promise<{ holder: Launched; members: ProcStat[] }> {
  const { context, backend, tree, check, stop } = adoption;
  const { procs } = context;
  let holder: Launched | null = null;
  try {
    holder = await launchHolder(adoption);
    const { cgroup, run } = holder;
    const members = await take(tree, { cgroup, backend, procs, check, holderPid: run.pid });
    crashPoint("adopt: taken");
    if (members.length === 0) throw new CorralError("the processes ended before they could be taken");
    if (stop.received !== null) throw new CorralError(`told to stop by signal ${stop.received}`);
    return { holder, members };
  } catch (error) {
    if (holder !== null) {
      holder.gate.close();
      await Promise.race([holder.gate.exit, after(HOLDER_CAP_MS)]);
      await releaseGuard(holder.guard, adoption.backend, adoption.spec.id);
    }
    throw await released(adoption, error);
  }
}

async function launchHolder({ context, request, spec, backend, say }: Adoption): Promise<Launched> {
  return await launch(spec, backend, context, {
    gate: {
      argv: ["true"],
      cwd: "/",
      env: {},
      rawEnv: [],
      as: null,
      lostGroups: [],
      ignoredSignals: [],
      output: "/dev/null",
    },
    bestEffort: request.bestEffort,
    swapIsImplied: request.swapIsImplied,
    warn: say,
    guard: guardOptions(context, spec.id, { onOrphan: request.onOrphan }),
  });
}

/** Lets go of every process; the error to throw names the cgroup in which some stay. */
async function released(
  { context, store, backend, spec, watch }: Adoption,
  error: unknown,
): Promise<unknown> {
  const left = await releaseAdopted(context, store, { spec, watch, phase: { state: "starting" } });
  if (left === 0 || !(error instanceof CorralError)) return error;
  const path = backend.find(spec.id)?.path ?? spec.id;
  const those = left === 1 ? "1 process that was moved before runs" : `${left} that were moved before run`;
  return new CorralError(`${error.message}; ${those} on in ${path}, without limits`, {
    remedy: error.remedy,
    cause: error,
  });
}

async function specFrom(
  context: Adopter,
  request: AdoptRequest,
  { id, first }: { id: string; first: ProcStat },
): Promise<JobSpec> {
  const words = (await readProcess(context, first.pid))?.words ?? [];
  const argv = words.length === 0 ? [first.name] : words;
  const uid = context.procs.uid(first.pid) ?? context.uid;
  const { ref, tags, timeoutMs, cpuTimeMs, graceMs, signal, limits } = request;
  return {
    id,
    name: request.name ?? jobNameFromCommand(argv[0]!),
    ...{ ref, tags, argv, timeoutMs, cpuTimeMs, graceMs, signal, limits },
    user: (await namesOfUids([uid], context.run))(uid),
    uid,
    cwd: directoryOf(context, first.pid),
    createdAtMs: context.clock.wallMs(),
    adopted: true,
    ...(await healthOf(context, request, { id, uid })),
  };
}

/** The checks are made as the user of the processes. */
async function healthOf(
  context: Adopter,
  { health }: AdoptRequest,
  { id, uid }: { id: string; uid: number },
): Promise<Pick<JobSpec, "health">> {
  if (health == null) return {};
  const own = { uid, gid: Deno.gid() ?? 0, home: context.env["HOME"] ?? "/" };
  const user = uid === context.uid ? own : (await usersOfUids([uid], context.run)).get(uid);
  if (user === undefined) throw new CorralError(`there is no user ${uid} as whom to look at its health`);
  const spec = healthSpecFrom(health, { id, user: { uid, gid: user.gid, home: user.home } });
  return spec === null ? {} : { health: spec };
}

function directoryOf({ procs }: Pick<Node, "procs">, pid: number): string {
  try {
    return Deno.readLinkSync(`${procs.root}/${pid}/cwd`);
  } catch {
    // Gone, or hidden: a process that changed its user hides it from that user.
    return "/";
  }
}
