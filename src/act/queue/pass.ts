/**
 * One pass over the queue: gives room to the jobs that fit, wakes the processes of those whose caller waits, and starts the detached ones.
 * Every submit, every end of a job and every sweep makes one. The process that holds the store's lock admits for all: no waiter races another.
 */
import { errorText } from "../../base/errors.ts";
import { SystemdBackend } from "../../backend/systemd_backend.ts";
import { jobsOfCgroup } from "../../job/names.ts";
import type { Pool } from "../../job/pool.ts";
import { momentOf } from "../../linux/clock.ts";
import { heldUpLook } from "../../observe/held_up.ts";
import { currentBytes, readRoom } from "../../observe/room.ts";
import type { Node } from "../../observe/node.ts";
import { type Admission, admit, type Now } from "../../queue/admit.ts";
import type { Holding, Waiting } from "../../queue/order.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { QueuedJob, QueueRows } from "../../store/queue.ts";
import { Ledger } from "../../store/ledger.ts";
import { decide } from "../../job/decide.ts";
import { observeJob } from "../../observe/job.ts";
import { carryOut, isAct } from "../end/carry_out.ts";
import { endQueued, wakeWaiter } from "../end/end_queued.ts";
import { startKeeper } from "./start_keeper.ts";
import { type Starter, startQueued } from "./start_queued.ts";

/** From the admission to the record of the launch: past it the room goes to another. */
const START_CAP_MS = 30_000;
/** After so many starts that came to nothing the job is given up. */
const MOST_FAILED_STARTS = 3;

/** Pools by their names. */
export type Pools = ReadonlyMap<string, Pool>;

/** How the pass is made. */
export interface PassOptions {
  /** The pools of the configuration. */
  pools: Pools;
  /** The job of the process that makes the pass: it starts that one itself. */
  own: string | null;
  /** It is made by the queue's keeper, which starts no other. */
  isKeeper?: true;
}

/** What the store's rows are for admission. */
export interface Sorted {
  waiting: Waiting[];
  holding: Holding[];
  /** Admitted, and not started in time. */
  stale: QueuedJob[];
  /** Whose waiting process is gone. */
  abandoned: QueuedJob[];
}

/** Resolves when the jobs that have room are started. Throws StoreError. */
export async function admitWaiting(
  on: Starter,
  store: JobStore,
  { pools, own, isKeeper }: PassOptions,
): Promise<Admission> {
  await closeCutLaunches(on, store);
  const now = momentOf(on);
  const room = readRoom(on.procs);
  let sorted: Sorted = { waiting: [], holding: [], stale: [], abandoned: [] };
  let admission: Admission = { admitted: [], passed: [], waiting: [] };
  let rows: QueueRows = { queued: [], running: [], jobsByPool: new Map() };
  store.admit((found) => {
    rows = found;
    sorted = sortQueue(on, rows, now);
    const canStart = sorted.waiting.filter(({ id }) => id === own || canStartFromHere(on, rows, id));
    admission = admit(poolsNow(pools, rows), { ...sorted, waiting: canStart }, room, now);
    const givenBack = sorted.stale.map(({ id }) => id);
    return { admitted: admission.admitted, passed: admission.passed, givenBack, at: now };
  });
  endLost(on, store, sorted);
  const waiters = new Map(rows.queued.map(({ id, waiter }) => [id, waiter]));
  await Promise.all(
    admission.admitted.filter((id) => id !== own).map(async (id) => {
      const waiter = waiters.get(id) ?? null;
      if (waiter !== null) wakeWaiter(on, waiter);
      else await startQueued(on, store, id);
    }),
  );
  if (!isKeeper && rows.queued.some(({ id, waiter }) => waiter === null && id !== own)) {
    startKeeper(on, store);
  }
  return admission;
}

/** A launch whose process was killed before the job had a guard would hold its room until a sweep. */
async function closeCutLaunches(on: Starter, store: JobStore): Promise<void> {
  for (const id of store.startingInPools()) {
    const job = store.get(id);
    if (job?.phase.state !== "starting") continue;
    const seen = observeJob(on, job, { recorded: store });
    const action = decide(job, seen);
    if (isAct(action)) await carryOut(on, store, job, { action, seen, actor: store.actor });
  }
}

/** The same after an end, by a process that is done otherwise: what goes wrong is only said. */
export async function admitNext(on: Starter, pools: Pools, open: JobStore | null = null): Promise<void> {
  try {
    const store = open ?? on.openStore("queue");
    if (store.isAnyQueued()) await admitWaiting(on, store, { pools, own: null });
  } catch (error) {
    on.say(`warning: the queue is not looked after: ${errorText(error)}`);
  }
}

/** The pools of the configuration with what `corral pool set` has changed. */
export function poolsNow(pools: Pools, { jobsByPool }: Pick<QueueRows, "jobsByPool">): Pools {
  return new Map(
    [...pools].map(([name, pool]) => [name, { ...pool, jobs: jobsByPool.get(name) ?? pool.jobs }]),
  );
}

/** The rows of the store as admission takes them. A reservation of another boot is none. */
export function sortQueue(
  on: Pick<Node, "procs" | "cgroups">,
  rows: QueueRows,
  now: Now & { bootId: string },
): Sorted {
  const sorted: Sorted = { waiting: [], holding: [], stale: [], abandoned: [] };
  const heldUp = heldUpLook(on);
  for (const job of rows.queued) {
    const { admitted, waiter, timeoutMs } = job;
    const isLost = waiter !== null && on.procs.liveness(waiter, now.bootId) === "gone";
    if (isLost) sorted.abandoned.push(job);
    else if (admitted !== null) {
      if (admitted.bootId !== now.bootId || now.bootMs - admitted.bootMs > START_CAP_MS) {
        sorted.stale.push(job);
      } else {
        const deadlineBootMs = timeoutMs === null ? null : admitted.bootMs + timeoutMs;
        sorted.holding.push({ ...job, currentBytes: 0, deadlineBootMs });
      }
    } else if (waiter === null) sorted.waiting.push(job);
    else {
      const why = heldUp(waiter.pid);
      sorted.waiting.push(why === null ? job : { ...job, heldUp: why });
    }
  }
  const cgroups = rows.running.length === 0 ? null : on.cgroups();
  for (const job of rows.running) {
    if (job.bootId !== now.bootId) continue;
    sorted.holding.push({ ...job, currentBytes: currentBytes(cgroups!, job.cgroupPath) });
  }
  return sorted;
}

/** Without systemd a process of a job cannot start another outside of it: a detached job then waits for a process that can. */
function canStartFromHere(on: Starter, { queued }: QueueRows, id: string): boolean {
  if (queued.find((job) => job.id === id)?.waiter != null) return true;
  return jobsOfCgroup(on.layout().ownCgroup).length === 0 || on.backend("auto") instanceof SystemdBackend;
}

/** Records the end of jobs that nothing will start any more. */
function endLost(on: Starter, store: JobStore, { stale, abandoned }: Sorted): void {
  const givenUp = stale.filter(({ failedStarts }) => failedStarts + 1 >= MOST_FAILED_STARTS);
  const ledger = new Ledger(store, on.say);
  for (const { id } of [...givenUp, ...abandoned]) {
    const job = store.get(id);
    if (job?.phase.state !== "queued") continue;
    const isOfThisBoot = job.phase.queue.bootId === on.clock.bootId();
    const reason = givenUp.some((one) => one.id === id)
      ? "failed-to-start"
      : isOfThisBoot
      ? "orphaned"
      : "lost";
    endQueued({ ...on, ledger }, job, { reason });
  }
}
