/** Carries out what decide() said of a recorded job, in any process but its supervisor: `corral kill` and the sweep. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Node } from "../../observe/node.ts";
import { terminate } from "../../cgroup/terminate.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { StoreError } from "../../base/errors.ts";
import { poll } from "../../base/poll.ts";
import type { Action } from "../../job/decide.ts";
import type { Observation } from "../../job/observation.ts";
import { type CgroupRecord, type EndReason, type Job, NO_EXIT, runningFacts } from "../../job/job.ts";
import { NO_USAGE, type Usage, withSplit } from "../../job/usage.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { StoredEvent } from "../../job/events.ts";
import { endJob, type EndRequest, type Enforcement, enforcementOn } from "./end_job.ts";
import { Ledger } from "../../store/ledger.ts";
import { cgroupRecord } from "../../observe/job.ts";
import { removeHeartbeatFile } from "../heartbeat/heartbeat_file.ts";
import { writeLateReceipt } from "./late_receipt.ts";
import { runDueOnEnd } from "./due_on_end.ts";
import { endQueued } from "./end_queued.ts";
import { recordEnd } from "./record_end.ts";
import { releaseAdopted } from "./release_adopted.ts";
import type { Sampled } from "../../job/series.ts";
import { Sampling } from "../../observe/sampling.ts";

/** After the last process has gone, the job's supervisor records the end within milliseconds. */
const RECORD_CAP_MS = 10_000;

/** An action that does something to the job. */
export type JobAct = Extract<Action, { do: "end" | "finish" | "collect" | "release" }>;

/** True for an action that does something to the job. */
export function isAct(action: Action): action is JobAct {
  return ["end", "finish", "collect", "release"].includes(action.do);
}

/** What to do, upon which observation, and how. */
export interface CarryOutOptions {
  action: JobAct;
  seen: Observation;
  /** Name of the command that acts, for the events. */
  actor: string;
  /** No first signal, no grace, whatever the action says. */
  skipGrace?: boolean;
  /** See EndRequest. */
  patienceMs?: number;
  /** Cuts the grace short when it aborts. */
  hurry?: AbortSignal;
  /** That of a sweep, which keeps the record of many jobs; without, the job gets one of its own. */
  ledger?: Ledger;
}

/**
 * Resolves when it is done and recorded, and the receipt written that no supervisor is left to write. Throws CgroupError, SetupError; a
 * store that fails is only said.
 */
export async function carryOut(
  node: Node & Diagnostics,
  store: JobStore,
  job: Job,
  order: CarryOutOptions,
): Promise<void> {
  await act(node, store, job, order);
  const isAbandoned = order.seen.supervisor === "gone" && job.phase.state !== "ended";
  if (isAbandoned && job.watch?.receipt !== undefined) await writeLateReceipt(store, job.spec.id, node);
  if (isAbandoned) await removeHeartbeatFile(job.spec.health);
  // A sweep does it for all at its end: one that hangs must not hold up the others.
  if (isAbandoned && order.ledger === undefined) await runDueOnEnd(node, store, job.spec.id);
}

async function act(
  node: Node & Diagnostics,
  store: JobStore,
  job: Job,
  order: CarryOutOptions,
): Promise<void> {
  const { action, seen, actor } = order;
  if (job.phase.state === "queued") {
    const ledger = order.ledger ?? new Ledger(store, (line) => node.say(line));
    return endQueued({ ...node, ledger }, job, { reason: order.action.reason });
  }
  if (action.do === "release") return void await releaseAdopted(node, store, job);
  const on = enforcementOn(node, {
    ledger: order.ledger ?? new Ledger(store, (line) => node.say(line)),
    actor,
    warn: (line) => node.say(line),
  });
  const record = seen.sameBoot && seen.cgroup !== "gone" ? cgroupRecord(node, job) : null;
  if (job.phase.state === "ended") return await finishEnded(node, job, record, on);
  if (record === null) return await recordWithoutCgroup(node, job, { reason: action.reason, seen }, on);
  const cgroup = node.cgroups().own(record, job.spec.id);
  const run = runningFacts(job);
  const sampling = new Sampling(
    cgroup,
    run?.startedBootMs ?? null,
    node.clock,
    on.ledger.sampled(job.spec.id),
  );
  await endJob(
    { spec: job.spec, run, cgroup, backend: node.backendOf(job), sampling, watch: job.watch },
    endRequest(store, job, { ...order, action }),
    on,
  );
}

function endRequest(
  store: JobStore,
  job: Job,
  order: CarryOutOptions & { action: Exclude<JobAct, { do: "release" }> },
): EndRequest {
  const { action, seen, patienceMs, hurry } = order;
  const recorded = () => store.get(job.spec.id)?.phase.state === "ended";
  return {
    reason: action.reason,
    exit: action.exit,
    skipGrace: order.skipGrace || (action.do === "end" && action.skipGrace),
    sawItLive: seen.cgroup === "populated",
    recordedByOther: async () => {
      if (seen.supervisor !== "alive") return false;
      try {
        return await poll(recorded, RECORD_CAP_MS);
      } catch (error) {
        // A store that does not answer is not waited for: the ledger knows what to do with the record.
        if (error instanceof StoreError) return false;
        throw error;
      }
    },
    ...(action.do === "finish" ? { graceLeftMs: action.graceLeftMs } : {}),
    ...(patienceMs === undefined ? {} : { patienceMs }),
    ...(hurry === undefined ? {} : { hurry }),
  };
}

/**
 * What is left of a job that has ended: processes that outlived its end, tried once more, or a cgroup whose supervisor died before removing it.
 * `record` is null when they and their cgroup have gone since.
 */
async function finishEnded(
  node: Node & Diagnostics,
  job: Job,
  record: CgroupRecord | null,
  on: Enforcement,
): Promise<void> {
  if (record === null) return on.ledger.setSurvivors(job.spec.id, [], []);
  const cgroup = node.cgroups().own(record, job.spec.id);
  const steps: StoredEvent[] = [];
  const onStep = (kind: string, detail: Record<string, unknown>) => {
    steps.push({ atMs: node.clock.wallMs(), actor: on.actor, kind, detail });
  };
  const survivors = await terminate(cgroup, node.procs, { signal: null, graceMs: 0, onStep });
  on.ledger.setSurvivors(job.spec.id, survivors, steps);
  crashPoint("collecting: left cgroup emptied");
  if (survivors.length === 0) await node.backendOf(job).remove(cgroup);
}

async function recordWithoutCgroup(
  node: Node & Diagnostics,
  job: Job,
  { reason, seen }: { reason: EndReason; seen: Observation },
  on: Enforcement,
): Promise<void> {
  // Units can be left without a cgroup. After a reboot there is nothing to be left.
  if (seen.sameBoot) await node.backendOf(job).clear(job.spec.id);
  crashPoint("collecting: units cleared");
  const endedAtMs = node.clock.wallMs();
  const usage = lastKnown(on.ledger.sampled(job.spec.id));
  const ending = { reason, trigger: reason, exit: NO_EXIT, endedAtMs, usage, survivors: [] };
  recordEnd(on, { spec: job.spec, ending, steps: [] });
}

/** The counters went with the cgroup; what its supervisor had seen by then is left. */
function lastKnown(sampled: Sampled | undefined): Usage | null {
  const isKnown = sampled !== undefined && Object.values(sampled.peaks).some((value) => value !== null);
  return isKnown ? withSplit(NO_USAGE, sampled.peaks) : null;
}
