/**
 * Drops the records of jobs that ended long ago, with their output beside the store: on request (`corral prune`), and a few by every sweep.
 *
 * In steps that hold the store for a moment each, and leave it alone for as long: a launch gets in between. (SQLite's own wait
 * looks again at widening intervals and would miss a gap of microseconds for seconds.)
 */
import { pause } from "../../base/poll.ts";
import { dirname } from "node:path";
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Node } from "../../observe/node.ts";
import { doubtOf, SETTLED_MS } from "../../observe/clock_doubt.ts";
import { SetupError, StoreError } from "../../base/errors.ts";
import type { Droppable } from "../../store/prune.ts";
import type { JobStore } from "../../store/jobs.ts";
import { OutputFiles, type Reach } from "./output_files.ts";

/** What a step may take of the store's time. */
const STEP_MS = 20;
const FIRST_STEP = 50;
const LARGEST_STEP = 500;
/** A waiting launch would miss a shorter pause. */
const SHORTEST_PAUSE_MS = 5;

/** How much to do at most. */
export interface PruneBudget {
  jobs: number;
  ms: number;
  /** Free pages are given back when they are a larger part of the file; new jobs use them up again, too. */
  freeShare: number;
  /** Called after each step, with the number of jobs dropped so far. */
  onStep?: (jobs: number) => void;
  /** How the output files are reached, in tests. */
  reach?: Partial<Reach>;
}

/** All there is. */
export const WHOLE: PruneBudget = { jobs: Infinity, ms: Infinity, freeShare: 0 };
/** Of one sweep: enough for a million jobs a day, and no more than a blink of its time. */
export const ONE_SWEEP: PruneBudget = { jobs: 5_000, ms: 200, freeShare: 0.25 };

/** What was dropped, or would be. */
export interface Pruned {
  jobs: number;
  outputFiles: number;
}

const NOTHING: Pruned = { jobs: 0, outputFiles: 0 };

/** The records of jobs that ended before `beforeMs`. Throws StoreError. */
export async function prune(
  node: Node & Diagnostics,
  store: JobStore,
  beforeMs: number,
  budget: PruneBudget,
): Promise<Pruned> {
  const pruned: Pruned = { jobs: 0, outputFiles: 0 };
  const untilMs = performance.now() + budget.ms;
  const output = new OutputFiles(dirname(store.path), budget.reach);
  // The process of a step takes the same time for few files as for many.
  const leastStep = output.isLocal ? 1 : FIRST_STEP;
  if (store.droppable({ beforeMs, except: [] }, 1).length > 0) {
    const which = { beforeMs, except: idsWithCgroup(node) };
    await inSteps({ untilMs, leastStep }, async (count) => {
      const ids = store.droppable(which, Math.min(count, budget.jobs - pruned.jobs));
      // The file first: it is found by its record.
      pruned.outputFiles += await output.remove(ids, (line) => node.say(line));
      const dropped = ids.length === 0 ? 0 : store.drop(which, ids);
      pruned.jobs += dropped;
      budget.onStep?.(pruned.jobs);
      return dropped > 0 && pruned.jobs < budget.jobs;
    });
  }
  const { pages, freePages } = store.pages();
  if (freePages > 0 && freePages >= pages * budget.freeShare) {
    await inSteps({ untilMs, leastStep: 1 }, (count) => {
      const before = store.pages().freePages;
      if (before > 0) store.givePagesBack(count);
      return store.pages().freePages < before;
    });
  }
  return pruned;
}

/** What `prune` would drop of everything. Throws StoreError. */
export async function planPrune(node: Node, store: JobStore, beforeMs: number): Promise<Pruned> {
  const which: Droppable = { beforeMs, except: idsWithCgroup(node) };
  const ids = store.droppable(which, Number.MAX_SAFE_INTEGER);
  return { jobs: ids.length, outputFiles: await new OutputFiles(dirname(store.path)).count(ids) };
}

/**
 * A few old records, as the `retention` in the configuration says, by a clock that is believed and not just after a boot; how many. Never
 * throws: a sweep has better to do.
 */
export async function applyRetention(
  node: Node & Diagnostics,
  store: JobStore,
  retentionMs: number | null,
): Promise<Pruned> {
  if (retentionMs === null || node.clock.bootMs() < SETTLED_MS) return NOTHING;
  try {
    const why = doubtOf(node, store);
    const beforeMs = node.clock.wallMs() - retentionMs;
    if (why !== null) node.log("info", "old records stay", { because: why });
    const pruned = why === null ? await prune(node, store, beforeMs, ONE_SWEEP) : NOTHING;
    if (pruned.jobs > 0) node.log("info", "dropped old records", { ...pruned });
    return pruned;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    node.say(`warning: old records stay: ${error.message}`);
    return NOTHING;
  }
}

/** Repeats `step` until it is false or the time is up, with as much to do each time as fits into STEP_MS, and `leastStep` at least. */
async function inSteps(
  { untilMs, leastStep }: { untilMs: number; leastStep: number },
  step: (count: number) => boolean | Promise<boolean>,
): Promise<void> {
  for (let count = FIRST_STEP; performance.now() < untilMs;) {
    const startMs = performance.now();
    if (!await step(count)) return;
    const tookMs = performance.now() - startMs;
    count = Math.round(Math.max(leastStep, Math.min(LARGEST_STEP, count * STEP_MS / Math.max(tookMs, 1))));
    await pause(Math.max(SHORTEST_PAUSE_MS, tookMs));
  }
}

/** A cgroup that no process lived to remove is found again by its job's record. */
function idsWithCgroup(node: Node): string[] {
  try {
    return node.backends().flatMap((backend) => backend.list()).map(({ id }) => id);
  } catch (error) {
    // A node without cgroup2 has none.
    if (error instanceof SetupError) return [];
    throw error;
  }
}
