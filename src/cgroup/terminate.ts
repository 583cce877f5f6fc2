/**
 * Ends everything in a job's cgroup: freeze, first signal, thaw, grace, freeze, cgroup.kill, wait until empty.
 *
 * Frozen, so that no fork slips between the listing of the processes and the signal to each. cgroup.kill (Linux 5.14) itself
 * misses no fork; older kernels get the same by signalling each frozen process until the tree is empty.
 */
import type { Survivor } from "../job/job.ts";
import { parseSignal, type Signal } from "../job/signal.ts";
import type { Procs } from "../host/proc.ts";
import { CgroupError } from "../errors.ts";
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
    await orGoOn("signal", () => signalAll(cgroup, procs, options), options);
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
      const outcome = trySignal(cgroup, procs, pid, signal);
      if (outcome === "sent") sent++;
      if (outcome === "refused") refused++;
    }
  } finally {
    thaw(cgroup);
  }
  onStep("signal", { signal: signal.name, sent, refused });
}

/** `refused`: another user's process (setuid) in an unprivileged user's job; cgroup.kill will take it. */
function trySignal(
  cgroup: OwnedCgroup,
  procs: Procs,
  pid: number,
  signal: Signal,
): "sent" | "gone" | "refused" {
  try {
    return procs.signalIn(cgroup.path, pid, signal) ? "sent" : "gone";
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return "refused";
  }
}

async function killAll(cgroup: OwnedCgroup, procs: Procs, options: TerminateOptions): Promise<Survivor[]> {
  const capMs = options.killCapMs ?? KILL_CAP_MS;
  if (!readEvents(cgroup).populated) return [];
  // Frozen processes neither fork nor compete for the CPU while the kernel takes them one by one.
  const freezing = () => freeze(cgroup, options.freezeCapMs ?? FREEZE_CAP_MS);
  const frozen = await orGoOn("freeze", freezing, options) ?? false;
  try {
    const killing = () => Promise.resolve(cgroup.writeOptional("cgroup.kill", "1"));
    const atOnce = await orGoOn("kill", killing, options) ?? false;
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

/** A step that the kernel refuses must not keep the next, stronger one from being taken: null, and a word of it in the record. */
async function orGoOn<T>(step: string, act: () => Promise<T>, options: TerminateOptions): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CgroupError)) throw error;
    options.onStep("step-failed", { step, message: error.message });
    return null;
  }
}

/** For kernels before 5.14. */
async function killOneByOne(cgroup: OwnedCgroup, procs: Procs, capMs: number): Promise<boolean> {
  const until = performance.now() + capMs;
  while (performance.now() < until) {
    for (const pid of cgroup.pids()) trySignal(cgroup, procs, pid, KILL);
    if (await waitForEvents(cgroup, (events) => !events.populated, { capMs: KILL_ROUND_MS })) return true;
  }
  return false;
}
