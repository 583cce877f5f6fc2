/**
 * The keeper of a queue: one small process for as long as detached jobs wait, whatever their number. They have no process of their own; events
 * (an end, a submit) admit them, but memory that something outside of pools gives back, and a corral that was killed in mid-start, are no
 * events. It looks once a second, and goes when no detached job waits. Nothing is lost when it is killed: the next pass starts another.
 */
import { trimMemory } from "../../linux/libc.ts";
import { isBusy } from "../../store/ledger.ts";
import type { JobStore } from "../../store/jobs.ts";
import { admitWaiting, type Pools } from "./pass.ts";
import { lockOfKeeper, startKeeper } from "./start_keeper.ts";
import type { Starter } from "./start_queued.ts";

const LOOK_MS = 1_000;
/** Then another takes its place: the configuration may be a new one. */
const TERM_MS = 60_000;

/** Keeps the queue until no detached job waits, or the term is over. Throws StoreError. */
export async function keepQueue(on: Starter, store: JobStore, pools: Pools): Promise<void> {
  // What it has to say is for no user.
  const quiet = { ...on, say: () => {} };
  const untilMs = on.clock.bootMs() + TERM_MS;
  while (store.isDetachedQueued()) {
    using lock = lockOfKeeper(store);
    if (lock === null) return;
    trimMemory(on.procs.root);
    while (await look(quiet, store, pools) && on.clock.bootMs() < untilMs) await on.pause(LOOK_MS);
    if (on.clock.bootMs() >= untilMs) break;
    // Once more without the lock: a job that was queued meanwhile has found it held.
  }
  startKeeper(quiet, store);
}

/** False when no detached job waits any more. */
async function look(on: Starter, store: JobStore, pools: Pools): Promise<boolean> {
  try {
    await admitWaiting(on, store, { pools, own: null, isKeeper: true });
    return store.isDetachedQueued();
  } catch (error) {
    if (!isBusy(error)) throw error;
    return true;
  }
}
