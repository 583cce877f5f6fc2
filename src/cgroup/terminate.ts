/**
 * Ends everything in a job's cgroup: freeze, first signal, thaw, grace, freeze, cgroup.kill, wait until empty.
 *
 * Frozen, so that no fork slips between the listing of the processes and the signal to each. cgroup.kill (Linux 5.14) itself
 * misses no fork; older kernels get the same by signalling each frozen process until the tree is empty.
 */
import type { Survivor } from "../job/job.ts";
import { parseSignal, type Signal } from "../job/signal.ts";
import type { Procs } from "../host/proc.ts";
import { readEvents, waitForEvents } from "./events.ts";
import { isForbidden, type OwnedCgroup } from "./file.ts";
import { freeze, thaw } from "./freezer.ts";
import { describeSurvivors } from "./survivors.ts";

/** A freeze takes milliseconds (300 processes: 4); one that takes longer hangs on a D state and is given up. */
export const FREEZE_CAP_MS = 1_000;
/** From cgroup.kill to an empty cgroup; past it what is left counts as unkillable. */
export const KILL_CAP_MS = 10_000;
const KILL = parseSignal("KILL");
/** Pause between two rounds of single signals on a kernel without cgroup.kill. */
const KILL_ROUND_MS = 50;

/** How to end a cgroup. Times in milliseconds. */
export interface TerminateOptions {
  /** First signal; null goes straight to the kill. */
  signal: Signal | null;
  graceMs: number;
  freezeCapMs?: number;
  killCapMs?: number;
  /** Aborting it cuts the grace short. */
  skipGrace?: AbortSignal;
  /** Told of every step as it is done. */
  onStep: (step: string, detail: Record<string, unknown>) => void;
}

/** Resolves when the cgroup is empty or the kill deadline has passed; then with what is left. Throws CgroupError. */
export async function terminate(
  cgroup: OwnedCgroup,
  procs: Procs,
  options: TerminateOptions,
): Promise<Survivor[]> {
  if (options.signal !== null && !options.skipGrace?.aborted) {
    await signalAll(cgroup, procs, options);
    const empty = await waitForEvents(cgroup, (events) => !events.populated, {
      capMs: options.graceMs,
      stop: options.skipGrace,
    });
    options.onStep("grace", { emptied: empty });
    if (empty) return [];
  }
  return await killAll(cgroup, procs, options);
}

/** One signal to every process there is at one instant. */
async function signalAll(cgroup: OwnedCgroup, procs: Procs, options: TerminateOptions): Promise<void> {
  const { signal, onStep } = options;
  if (signal === null) return;
  const frozen = await freeze(cgroup, options.freezeCapMs ?? FREEZE_CAP_MS);
  onStep("freeze", { completed: frozen });
  let sent = 0;
  let refused = 0;
  try {
    for (const pid of cgroup.pids()) {
      try {
        if (procs.signalIn(cgroup.path, pid, signal)) sent++;
      } catch (error) {
        // Another user's process in an unprivileged user's job (setuid): cgroup.kill will take it.
        if (!isForbidden(error)) throw error;
        refused++;
      }
    }
  } finally {
    thaw(cgroup);
  }
  onStep("signal", { signal: signal.name, sent, refused });
}

async function killAll(cgroup: OwnedCgroup, procs: Procs, options: TerminateOptions): Promise<Survivor[]> {
  const capMs = options.killCapMs ?? KILL_CAP_MS;
  if (!readEvents(cgroup).populated) return [];
  // Frozen processes neither fork nor compete for the CPU while the kernel takes them one by one.
  const frozen = await freeze(cgroup, options.freezeCapMs ?? FREEZE_CAP_MS);
  try {
    const atOnce = cgroup.writeOptional("cgroup.kill", "1");
    options.onStep("kill", { by: atOnce ? "cgroup.kill" : "signals", frozen });
    const empty = atOnce
      ? await waitForEvents(cgroup, (events) => !events.populated, { capMs })
      : await killOneByOne(cgroup, procs, capMs);
    options.onStep("empty", { emptied: empty });
    return empty ? [] : describeSurvivors(cgroup, procs);
  } finally {
    thaw(cgroup);
  }
}

/** For kernels before 5.14. */
async function killOneByOne(cgroup: OwnedCgroup, procs: Procs, capMs: number): Promise<boolean> {
  const until = performance.now() + capMs;
  while (performance.now() < until) {
    for (const pid of cgroup.pids()) procs.signalIn(cgroup.path, pid, KILL);
    if (await waitForEvents(cgroup, (events) => !events.populated, { capMs: KILL_ROUND_MS })) return true;
  }
  return false;
}
