/** The end of a job in the queue: there is only its record, and perhaps a process that waits for its turn. */
import { type EndReason, type Identity, type Job, NO_EXIT } from "../../job/job.ts";
import type { Node } from "../../observe/node.ts";
import { parseSignal } from "../../value/signal.ts";
import { type EndRecord, recordEnd } from "./record_end.ts";

/** States of a process that its user has stopped (proc(5)): SIGCONT would continue it against that user's will. */
const STOPPED = "Tt";

type Waking = Pick<Node, "procs" | "clock">;

/** Records it, and wakes the process that waits. */
export function endQueued(on: EndRecord & Waking, job: Job, { reason }: { reason: EndReason }): void {
  const endedAtMs = on.clock.wallMs();
  const ending = { reason, trigger: reason, exit: NO_EXIT, endedAtMs, usage: null, survivors: [] };
  recordEnd(on, { spec: job.spec, ending, steps: [] });
  wakeWaiter(on, job.phase.state === "queued" ? job.phase.queue.waiter : null);
}

/** Wakes the `corral run` that waits for its turn: it looks at its record. Nothing for none, and for one that is stopped. */
export function wakeWaiter(on: Waking, waiter: Identity | null): void {
  if (waiter !== null && !isStopped(on, waiter)) {
    on.procs.signal(waiter, on.clock.bootId(), parseSignal("CONT"));
  }
}

/** True for a process that its user has stopped: it takes no room that another could have. */
export function isStopped({ procs }: Pick<Node, "procs">, { pid }: { pid: number }): boolean {
  return STOPPED.includes(procs.stat(pid)?.state ?? "-");
}
