/** Carries out what decide() said of an ending: claim it, terminate, collect the usage, record, remove. The only place that does. */
import { signalAndWait, terminate } from "../../cgroup/terminate.ts";
import { readEvents, waitForEvents } from "../../cgroup/events.ts";
import { isVanished } from "../../base/errno.ts";
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { isFrozen } from "../../cgroup/freezer.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { errorText } from "../../base/errors.ts";
import {
  type EndReason,
  type Exit,
  type JobSpec,
  NO_EXIT,
  type RunningFacts,
  type Survivor,
  type Watch,
} from "../../job/job.ts";
import { parseSignal } from "../../value/signal.ts";
import { type Usage, withSplit } from "../../job/usage.ts";
import type { Backend } from "../../backend/backend.ts";
import type { Ending, StoredEvent } from "../../job/events.ts";
import { readJobUsage } from "../../observe/job_usage.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { Node } from "../../observe/node.ts";
import { endDeparted, findDeparted } from "./end_departed.ts";
import { recordEnd } from "./record_end.ts";
import type { Sampling } from "../../observe/sampling.ts";

/** What is needed to end jobs. */
export interface Enforcement extends Pick<Node, "clock" | "procs" | "journal"> {
  ledger: Ledger;
  /** Name of the command that acts, for the events. */
  actor: string;
  warn: (line: string) => void;
}

/** What enforces on this node, recorded in `ledger`. */
export function enforcementOn(
  { clock, procs, journal }: Pick<Node, "clock" | "procs" | "journal">,
  rest: Omit<Enforcement, "clock" | "procs" | "journal">,
): Enforcement {
  return { clock, procs, journal, ...rest };
}

/** A job with the right to its cgroup. */
export interface EndableJob {
  spec: JobSpec;
  /** Null for a job whose launch was cut short: only its cgroup is known. */
  run: RunningFacts | null;
  cgroup: OwnedCgroup;
  backend: Backend;
  sampling: Sampling;
  /** By whom and from where it was launched; without, a first process that has left the cgroup is not looked for. */
  watch?: Watch | null;
}

/** Why and how to end a job. */
export interface EndRequest {
  reason: EndReason;
  exit: Exit | null;
  /** True: no first signal, no grace. */
  skipGrace: boolean;
  /** Resumes an ending whose process died: the first signal is not repeated, and only the rest of its grace is waited for. */
  graceLeftMs?: number;
  /** A grace that is longer is only begun, not waited out: null is returned, and the job is left in state `ending`. */
  patienceMs?: number;
  /** Cuts the grace short when it aborts. */
  hurry?: AbortSignal;
  /** Called when the processes are gone, to learn how the first one left. */
  exitAfterwards?: () => Promise<Exit | null>;
  /** Its processes lived when the end was decided: should they be gone by now, they went this moment. */
  sawItLive?: boolean;
  /** Called when the processes are gone: true when the job's supervisor has recorded the end, which knows the exit code. */
  recordedByOther?: () => Promise<boolean>;
}

/** How the ending went: what was recorded, and its steps. */
export interface EndedJob extends Ending {
  steps: StoredEvent[];
}

/** How much longer than its grace another process's ending of the same job may take before it is taken over. */
const TAKE_OVER_MS = 3_000;

/**
 * Ends the job and resolves when its cgroup is empty (or the kill deadline has passed: reason `unkillable`); null when another
 * process has recorded the end, or when the grace goes on beyond `patienceMs`.
 * Never throws for a store that fails; throws CgroupError when the cgroup itself cannot be acted upon.
 */
export async function endJob(
  job: EndableJob,
  request: EndRequest,
  on: Enforcement,
): Promise<EndedJob | null> {
  const steps: StoredEvent[] = [];
  const onStep = (kind: string, detail: Record<string, unknown>) => {
    steps.push({ atMs: on.clock.wallMs(), actor: on.actor, kind, detail });
  };
  const processesLive = job.cgroup.exists() && readEvents(job.cgroup).populated;
  // What the job holds now is gone with its processes.
  if (processesLive) job.sampling.take();
  // Read before the store call, which may block. The supervisor comes the moment its job is over.
  const isMoment = request.exitAfterwards !== undefined || request.sawItLive === true;
  const foundOverBootMs = isMoment ? on.clock.bootMs() : null;
  const trigger = on.ledger.claimEnding(job.spec.id, request.reason, {
    at: { wallMs: on.clock.wallMs(), bootMs: on.clock.bootMs() },
    processesLive,
  });
  crashPoint("ending: claimed");
  const survivors = await terminateAll(job, { ...request, reason: trigger }, {
    ...on,
    onStep,
    others: trigger !== request.reason,
  });
  if (survivors === null) {
    on.ledger.addEvents(job.spec.id, steps);
    return null;
  }
  survivors.push(...await departed(job, request, { ...on, onStep }));
  if (survivors.length === 0 && await request.recordedByOther?.()) {
    on.ledger.addEvents(job.spec.id, steps);
    return null;
  }
  const leaderLives = survivors.some(({ pid }) => pid === job.run?.pid);
  const exit = (leaderLives ? null : await request.exitAfterwards?.()) ?? request.exit ?? NO_EXIT;
  const ending: EndedJob = {
    reason: survivors.length > 0 ? "unkillable" : trigger,
    trigger,
    exit,
    endedAtMs: on.clock.wallMs(),
    usage: collectUsage(job, processesLive ? on.clock.bootMs() : foundOverBootMs, on),
    survivors,
    samples: job.sampling.samples,
    steps,
  };
  crashPoint("ending: usage read");
  if (!recordEnd(on, { spec: job.spec, ending, steps })) {
    // Recorded as unkillable before, and now they are gone after all.
    on.ledger.setSurvivors(job.spec.id, survivors, []);
    // The process that recorded it may have removed the cgroup before its figures were read here.
    ending.usage ??= on.ledger.recordedUsage(job.spec.id);
  }
  crashPoint("ending: recorded");
  // The cgroup of a job whose end is not recorded keeps its figures for the next sweep; a supervisor has no next time.
  const isKept = on.ledger.options.isShared && on.ledger.isBehind;
  if (survivors.length === 0 && !isKept) await removeCgroup(job, on);
  crashPoint("ending: removed");
  return ending;
}

/** Ends a first process that is not where it belongs; gives what lives on of it. An adopted one was elsewhere before, and may be again. */
async function departed(
  { spec, run, watch }: EndableJob,
  request: EndRequest,
  on: Omit<Acting, "others">,
): Promise<Survivor[]> {
  if (run === null || watch == null || spec.adopted || request.exit !== null) return [];
  const found = await findDeparted(on, { id: spec.id, run, watch });
  if (found === null) return [];
  const left = await endDeparted(on, found, {
    signal: request.skipGrace ? null : parseSignal(spec.signal),
    graceMs: Math.min(spec.graceMs, request.patienceMs ?? Infinity),
    ...(request.hurry ? { hurry: request.hurry } : {}),
  });
  const { cgroupPath, processes: { length: count } } = found;
  on.onStep("departed", { cgroup: cgroupPath, processes: count, left: left.length });
  on.warn(`warning: job ${spec.id}: its first process had left it for ${cgroupPath}, and was ended there`);
  return left;
}

type Acting = Enforcement & {
  onStep: (kind: string, detail: Record<string, unknown>) => void;
  others: boolean;
};

/** What is left; null when the grace goes on. */
async function terminateAll(job: EndableJob, request: EndRequest, on: Acting): Promise<Survivor[] | null> {
  const { cgroup, spec } = job;
  if (!cgroup.exists() || !readEvents(cgroup).populated) return [];
  const patienceMs = request.patienceMs ?? Infinity;
  const begunMs = graceOfOthers(job, request, on);
  if (begunMs !== null) {
    const emptied = await waitForEvents(cgroup, (events) => !events.populated, {
      capMs: Math.min(begunMs, patienceMs),
      stop: request.hurry,
    });
    if (emptied) return [];
    if (begunMs > patienceMs) return null;
  }
  const options = {
    signal: request.skipGrace || begunMs !== null ? null : parseSignal(spec.signal),
    graceMs: spec.graceMs,
    ...(request.hurry ? { skipGrace: request.hurry } : {}),
    onStep: on.onStep,
  };
  if (options.signal === null || spec.graceMs <= patienceMs) {
    return await terminate(cgroup, on.procs, options);
  }
  return await signalAndWait(cgroup, on.procs, { ...options, graceMs: patienceMs }) ? [] : null;
}

/** How long to wait for an ending that another process has begun; null when none has. */
function graceOfOthers({ spec, cgroup }: EndableJob, request: EndRequest, on: Acting): number | null {
  if (request.graceLeftMs !== undefined) {
    // The process that began it died between freeze and thaw: none of the job has got the first signal yet, and one that waits there is not doubled.
    return isFrozen(cgroup) ? null : request.graceLeftMs;
  }
  // Another process is ending this job at this moment: it keeps the grace, and this one finishes what it does not.
  return on.others ? spec.graceMs + TAKE_OVER_MS : null;
}

/** @param overBootMs when the job was over; null when no process saw it */
function collectUsage(job: EndableJob, overBootMs: number | null, on: Enforcement): Usage | null {
  try {
    if (!job.cgroup.exists()) return null;
    const startedBootMs = job.run?.startedBootMs ?? null;
    const isKnown = overBootMs !== null && startedBootMs !== null;
    const wallMs = isKnown ? Math.max(0, overBootMs - startedBootMs) : null;
    const usage = readJobUsage(job.cgroup.fs, job.cgroup.path, on.procs.root);
    job.sampling.takeRemains();
    return { ...withSplit(usage, job.sampling.peaks), wallMs };
  } catch (error) {
    if (!isVanished(error)) {
      on.warn(`warning: the usage could not be read: ${errorText(error)}`);
    }
    return null;
  }
}

/** A cgroup that cannot be removed is reported, and left to the next sweep: the processes are gone. */
async function removeCgroup(job: EndableJob, on: Enforcement): Promise<void> {
  try {
    await job.backend.remove(job.cgroup);
  } catch (error) {
    on.warn(`warning: ${errorText(error)}`);
    const detail = { message: (error as Error).message };
    on.ledger.addEvents(job.spec.id, [{
      atMs: on.clock.wallMs(),
      actor: on.actor,
      kind: "remove-failed",
      detail,
    }]);
  }
}
