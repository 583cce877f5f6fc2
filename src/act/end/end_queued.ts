/** The end of a job in the queue: there is only its record, and perhaps a process that waits for its turn. */
import { type EndReason, type Identity, type Job, NO_EXIT } from "../../job/job.ts";
import type { Node } from "../../observe/node.ts";
import { isStopped } from "../../observe/held_up.ts";
import { parseSignal } from "../../value/signal.ts";
import { type EndRecord, recordEnd } from "./record_end.ts";

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
  // SIGCONT would continue it against its user's will.
  if (waiter !== null && !isStopped(on, waiter.pid)) {
    on.procs.signal(waiter, on.clock.bootId(), parseSignal("CONT"));
  }
}
