/** Ends one recorded job on request, beside its supervisor or without one. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Node } from "../../observe/node.ts";
import { CgroupGoneError, CorralError, errorText, StoreError } from "../../base/errors.ts";
import { decide } from "../../job/decide.ts";
import type { Observation } from "../../job/observation.ts";
import type { EndReason, Job } from "../../job/job.ts";
import type { JobStore } from "../../store/jobs.ts";
import { carryOut, isAct } from "./carry_out.ts";
import { observeJob } from "../../observe/job.ts";

/** What became of the request. */
export interface KillResult {
  id: string;
  reason: EndReason | null;
  survivors: number;
  /** Set when the job was not acted upon. */
  refused: string | null;
}

/** At a job whose cgroup vanishes each time. */
const LOOKS = 3;

const WHY_REPORTED = {
  "foreign-cgroup": "the cgroup at its recorded path is not the one made for it",
  "other-namespace": "it was started in another PID namespace: call corral there",
  "other-boot": "the cgroup at its recorded path is not the one made for it",
};

/** Ends the job and waits until its cgroup is empty. Never throws for what the job is; throws StoreError. */
export async function killJob(
  node: Node & Diagnostics,
  store: JobStore,
  job: Job,
  { reason, ...options }: { skipGrace: boolean; actor: string; reason?: EndReason; hurry?: AbortSignal },
  looks = 1,
): Promise<KillResult> {
  const id = job.spec.id;
  try {
    const endRequest = { skipGrace: options.skipGrace, ...(reason === undefined ? {} : { reason }) };
    const seen = observeJob(node, job, { endRequest, recorded: store });
    const action = decide(job, seen);
    if (action.do === "report") return refused(id, WHY_REPORTED[action.finding]);
    if (!isAct(action)) return refused(id, whyLeft(job, seen));
    await carryOut(node, store, job, { action, seen, ...options });
  } catch (error) {
    // What vanished between the look and the act is the job's end, and its record is a new one by now.
    const now = error instanceof CgroupGoneError && looks < LOOKS ? store.get(id) : null;
    if (now !== null) {
      return await killJob(
        node,
        store,
        now,
        { ...options, ...(reason === undefined ? {} : { reason }) },
        looks + 1,
      );
    }
    // One that cannot be ended must not keep the others from being ended.
    if (!(error instanceof CorralError) || error instanceof StoreError) throw error;
    return refused(id, error.message);
  }
  const after = recordedPhase(node, store, id);
  const ended = after?.state === "ended" ? after : null;
  return { id, reason: ended?.reason ?? null, survivors: ended?.survivors.length ?? 0, refused: null };
}

/** Null when the store does not give it: the job is ended all the same, and so are the others. */
function recordedPhase(node: Diagnostics, store: JobStore, id: string): Job["phase"] | null {
  try {
    return store.get(id)?.phase ?? null;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    node.say(`warning: job ${id}: its end is not read back: ${errorText(error)}`);
    return null;
  }
}

function refused(id: string, why: string): KillResult {
  return { id, reason: null, survivors: 0, refused: why };
}

function whyLeft(job: Job, seen: Observation): string {
  if (job.phase.state === "ended") return "it has ended already";
  return seen.supervisor === "alive" ? "its supervisor is starting or ending it right now" : "nothing to do";
}
