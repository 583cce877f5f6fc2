/**
 * Lets go of what an adoption took and could not keep. Whom it had moved runs on where it is, in the job's cgroup, without limits and
 * without a deadline: the way back is barred (only systemd may move processes into a session or a service, and does not), and an adoption
 * that fails must never end a process.
 */
import { isFrozen, thaw } from "../../cgroup/freezer.ts";
import { readEvents } from "../../cgroup/events.ts";
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Node } from "../../observe/node.ts";
import { errorText } from "../../base/errors.ts";
import { type Job, NO_EXIT, NO_LIMITS } from "../../job/job.ts";
import { backstopMs } from "../../backend/backend.ts";
import { killSinglyOnOom } from "../../backend/limits_in_force.ts";
import type { JobStore } from "../../store/jobs.ts";
import { recordEnd } from "./record_end.ts";
import { Ledger } from "../../store/ledger.ts";
import { cgroupRecord } from "../../observe/job.ts";

/** Records the job as `failed-to-start` and gives how many processes stay in its cgroup. What fails of it is said; it does not throw for that. */
export async function releaseAdopted(node: Node & Diagnostics, store: JobStore, job: Job): Promise<number> {
  const attempt = async (what: string, act: () => unknown) => {
    try {
      await act();
    } catch (error) {
      node.say(`warning: ${what}: ${errorText(error)}`);
    }
  };
  const { id, limits, timeoutMs, graceMs } = job.spec;
  const record = cgroupRecord(node, job);
  const cgroup = record === null ? null : node.cgroups().own(record, id);
  const backend = node.backendOf(job);
  const left = cgroup === null ? [] : cgroup.pids();
  if (cgroup !== null && readEvents(cgroup).populated) {
    const hasLimits = Object.values(limits).some((limit) => limit !== null);
    if (hasLimits) await attempt("the limits stay", () => backend.setLimits(cgroup, NO_LIMITS));
    await attempt("the OOM group stays", () => killSinglyOnOom(cgroup));
    if (backstopMs(timeoutMs, graceMs) !== null) {
      await attempt("systemd keeps the deadline", () => backend.setBackstop(job.spec, null));
    }
    if (isFrozen(cgroup)) await attempt("it stays frozen", () => thaw(cgroup));
  } else if (cgroup !== null) await attempt("the cgroup stays", () => backend.remove(cgroup));
  recordRelease(node, store, job, left);
  return left.length;
}

function recordRelease(
  node: Node & Diagnostics,
  store: JobStore,
  { spec }: Job,
  left: readonly number[],
): void {
  const ledger = new Ledger(store, (line) => node.say(line));
  const atMs = node.clock.wallMs();
  const ending = {
    reason: "failed-to-start",
    trigger: "failed-to-start",
    exit: NO_EXIT,
    endedAtMs: atMs,
    usage: null,
    survivors: [],
  } as const;
  const steps = [{ atMs, actor: store.actor, kind: "released", detail: { processes: left.length } }];
  recordEnd({ ledger, journal: node.journal }, { spec, ending: { ...ending, survivors: [] }, steps });
}
