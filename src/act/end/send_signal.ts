/** Sends a signal to every process of a job, and nothing more: the job is not ended by it, unless its processes end of it. */
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { isForbidden } from "../../base/errno.ts";
import { CorralError } from "../../base/errors.ts";
import type { Job } from "../../job/job.ts";
import type { Procs } from "../../linux/proc.ts";
import type { Node } from "../../observe/node.ts";
import { ownCgroup } from "../../observe/own_cgroup.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { Signal } from "../../value/signal.ts";

/** What became of it. */
export interface SignalResult {
  id: string;
  signal: string;
  /** Processes that got it. */
  sent: number;
  /** Set when the job was not acted upon, or the kernel refused for a process of it. */
  refused: string | null;
}

/** A process that is forked while the others are signalled is found by another look; a job that only forks is not chased for ever. */
const LOOKS = 3;

/** Records it too. Never throws for what the job is; throws StoreError. */
export function sendSignal(
  node: Node,
  store: JobStore,
  job: Job,
  signal: Signal,
): SignalResult {
  const { id } = job.spec;
  try {
    const { sent, refused } = sendToAll(ownCgroup(node, job), node.procs, signal);
    const detail = { signal: signal.name, sent };
    store.addEvents(id, [{ atMs: node.clock.wallMs(), actor: store.actor, kind: "signal", detail }]);
    return { id, signal: signal.name, sent, refused: refused === 0 ? null : refusal(refused) };
  } catch (error) {
    if (!(error instanceof CorralError)) throw error;
    return { id, signal: signal.name, sent: 0, refused: error.message };
  }
}

function refusal(count: number): string {
  return `the kernel refuses for ${count === 1 ? "a process" : `${count} processes`} of another user`;
}

/** Each process once: its place in the cgroup is read right before. */
function sendToAll(cgroup: OwnedCgroup, procs: Procs, signal: Signal): { sent: number; refused: number } {
  const seen = new Set<string>();
  let [sent, refused] = [0, 0];
  for (let look = 0; look < LOOKS; look++) {
    const fresh = cgroup.pids().flatMap((pid) => {
      const stat = procs.statIfShown(pid);
      const key = `${pid} ${stat?.startTicks}`;
      return stat === null || seen.has(key) ? [] : [{ pid, key }];
    });
    for (const { pid, key } of fresh) {
      seen.add(key);
      try {
        if (procs.signalIn(cgroup.path, pid, signal)) sent++;
      } catch (error) {
        if (!isForbidden(error)) throw error;
        refused++;
      }
    }
    if (fresh.length === 0) break;
  }
  return { sent, refused };
}
