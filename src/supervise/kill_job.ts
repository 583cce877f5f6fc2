/** Ends one recorded job on request, whoever supervises it. */
import type { Context } from "../context.ts";
import { CgroupError } from "../errors.ts";
import { poll } from "../host/poll.ts";
import { decide, type Observation } from "../job/decide.ts";
import type { CgroupRecord, EndReason, Job, RunningFacts } from "../job/job.ts";
import { runningFacts } from "../job/job.ts";
import type { JobStore, StoredEvent } from "../store/jobs.ts";
import { endJob, type Enforcement } from "./end_job.ts";
import { Ledger } from "./ledger.ts";
import { cgroupRecord, observeJob } from "./observe.ts";
import { terminate } from "../cgroup/terminate.ts";

/** After the last process has gone, the job's supervisor records the end within milliseconds. */
const RECORD_CAP_MS = 10_000;

/** What became of the request. */
export interface KillResult {
  id: string;
  reason: EndReason | null;
  survivors: number;
  /** Set when the job was not acted upon. */
  refused: string | null;
}

/** Ends the job and waits until its cgroup is empty. Never throws for what the job is; throws StoreError. */
export async function killJob(
  context: Context,
  store: JobStore,
  job: Job,
  options: { skipGrace: boolean; actor: string; hurry?: AbortSignal },
): Promise<KillResult> {
  const id = job.spec.id;
  try {
    const seen = observeJob(context, job, { skipGrace: options.skipGrace });
    const action = decide(job, seen);
    if (action.do === "report") {
      return refused(id, "the cgroup at its recorded path is not the one made for it");
    }
    if (action.do === "leave" || action.do === "wait") return refused(id, whyLeft(job, seen));
    await carryOut(context, store, job, { action, seen, ...options });
  } catch (error) {
    if (!(error instanceof CgroupError)) throw error;
    return refused(id, error.message);
  }
  const after = store.get(id)?.phase;
  const ended = after?.state === "ended" ? after : null;
  return { id, reason: ended?.reason ?? null, survivors: ended?.survivors.length ?? 0, refused: null };
}

interface CarryOut {
  action: Extract<ReturnType<typeof decide>, { do: "end" | "collect" }>;
  seen: Observation;
  skipGrace: boolean;
  actor: string;
  hurry?: AbortSignal;
}

async function carryOut(context: Context, store: JobStore, job: Job, order: CarryOut): Promise<void> {
  const { action, seen, actor } = order;
  const on: Enforcement = {
    clock: context.clock,
    procs: context.procs,
    ledger: new Ledger(store, (line) => context.say(line)),
    actor,
    warn: (line) => context.say(line),
  };
  const record = cgroupRecord(context, job);
  const gone = record === null || seen.cgroup === "gone";
  if (job.phase.state === "ended") return await retry(context, job, gone ? null : record, on);
  if (gone) return recordWithoutCgroup(context, job, action.reason, on);
  const cgroup = context.cgroups().own(record, job.spec.id);
  const run: RunningFacts = runningFacts(job) ?? unstarted(context, job, record);
  const recordedByOther = () =>
    seen.supervisor === "alive"
      ? poll(() => store.get(job.spec.id)?.phase.state === "ended", RECORD_CAP_MS)
      : Promise.resolve(false);
  const { reason, exit } = action;
  const skipGrace = order.skipGrace || (action.do === "end" && action.skipGrace);
  const request = {
    reason,
    exit,
    skipGrace,
    recordedByOther,
    ...(order.hurry ? { hurry: order.hurry } : {}),
  };
  await endJob({ spec: job.spec, run, cgroup, backend: context.backendOf(job) }, request, on);
}

/** Once more at the processes that outlived the end of their job; `record` is null when they and their cgroup have gone since. */
async function retry(
  context: Context,
  job: Job,
  record: CgroupRecord | null,
  on: Enforcement,
): Promise<void> {
  if (record === null) return on.ledger.setSurvivors(job.spec.id, [], []);
  const cgroup = context.cgroups().own(record, job.spec.id);
  const steps: StoredEvent[] = [];
  const onStep = (kind: string, detail: Record<string, unknown>) => {
    steps.push({ atMs: context.clock.wallMs(), actor: on.actor, kind, detail });
  };
  const survivors = await terminate(cgroup, context.procs, { signal: null, graceMs: 0, onStep });
  on.ledger.setSurvivors(job.spec.id, survivors, steps);
  if (survivors.length === 0) await context.backendOf(job).remove(cgroup);
}

/** The facts of a job whose launch was cut short: only its cgroup is known. */
function unstarted(context: Context, job: Job, cgroup: RunningFacts["cgroup"]): RunningFacts {
  const startedBootMs = context.clock.bootMs();
  return {
    pid: 0,
    startTicks: 0,
    pgid: 0,
    cgroup,
    startedAtMs: job.spec.createdAtMs,
    startedBootMs,
    deadlineBootMs: null,
  };
}

function recordWithoutCgroup(context: Context, job: Job, reason: EndReason, on: Enforcement): void {
  const exit = { code: null, signal: null };
  const endedAtMs = context.clock.wallMs();
  on.ledger.markEnded(
    job.spec.id,
    { reason, trigger: reason, exit, endedAtMs, usage: null, survivors: [] },
    [],
  );
}

function refused(id: string, why: string): KillResult {
  return { id, reason: null, survivors: 0, refused: why };
}

function whyLeft(job: Job, seen: Observation): string {
  if (job.phase.state === "ended") return "it has ended already";
  return seen.supervisor === "alive" ? "its supervisor is starting or ending it right now" : "nothing to do";
}
