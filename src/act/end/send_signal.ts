/** Sends a signal to every process of a job, and nothing more: the job is not ended by it, unless its processes end of it. */
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { CorralError } from "../../base/errors.ts";
import type { Job } from "../../job/job.ts";
import { NotPermittedError, openPidfd } from "../../linux/pidfd.ts";
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

/** Each process once. It is held first and looked at afterwards: what is signalled is what was seen in the cgroup, whatever pids do. */
function sendToAll(cgroup: OwnedCgroup, procs: Procs, signal: Signal): { sent: number; refused: number } {
  const seen = new Set<string>();
  let [sent, refused] = [0, 0];
  const send = (pid: number): boolean => {
    using held = openPidfd(pid, procs);
    const stat = held === null ? null : procs.statIfShown(pid);
    const key = `${pid} ${stat?.startTicks}`;
    if (held === null || stat === null || seen.has(key) || !procs.isIn(cgroup.path, pid)) return false;
    seen.add(key);
    try {
      if (held.signal(signal.number)) sent++;
    } catch (error) {
      if (!(error instanceof NotPermittedError)) throw error;
      refused++;
    }
    return true;
  };
  for (let look = 0; look < LOOKS; look++) {
    const fresh = cgroup.pids().filter(send);
    if (fresh.length === 0) break;
  }
  return { sent, refused };
}
