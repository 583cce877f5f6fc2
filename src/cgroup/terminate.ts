/**
 * Ends everything in a job's cgroup: freeze, first signal, thaw, grace, cgroup.kill, wait until empty.
 *
 * Frozen, so that no fork slips between the listing of the processes and the signal to each. cgroup.kill (Linux 5.14) needs no freeze:
 * it misses no fork, and takes frozen, stopped and traced processes alike; only processes without a main thread need a signal each. Older kernels get the same by freezing once more and
 * signalling each process until the tree is empty.
 */
import { crashPoint } from "../base/crash_point.ts";
import type { Survivor } from "../job/job.ts";
import { parseSignal, type Signal } from "../value/signal.ts";
import type { Procs } from "../linux/proc.ts";
import { CgroupError, CgroupGoneError } from "../base/errors.ts";
import { readEvents, waitForEvents } from "./events.ts";
import { isForbidden } from "../base/errno.ts";
import type { OwnedCgroup } from "./file.ts";
import { freeze, thaw } from "./freezer.ts";
import { describeSurvivors } from "./survivors.ts";

/** A freeze takes milliseconds (300 processes: 4); one that takes longer hangs on a D state and is given up. */
export const FREEZE_CAP_MS = 1_000;
/** From cgroup.kill to an empty cgroup; past it what is left counts as unkillable. */
export const KILL_CAP_MS = 10_000;
const KILL = parseSignal("KILL");
const CONT = parseSignal("CONT");
/** By then a job of thousands is gone, and what is left is looked at one by one. */
const MISSED_AFTER_MS = 500;
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
  /** Called at every step as it is done. */
  onStep: (step: string, detail: Record<string, unknown>) => void;
}

/** Resolves when the cgroup is empty or the kill deadline has passed; then with what is left. Throws CgroupError. */
export async function terminate(
  cgroup: OwnedCgroup,
  procs: Procs,
  options: TerminateOptions,
): Promise<Survivor[]> {
  const polite = options.signal !== null && !options.skipGrace?.aborted;
  if (polite && await signalAndWait(cgroup, procs, options)) return [];
  return await killAll(cgroup, procs, options);
}

/** The first signal and the grace, nothing more: true when the cgroup is empty. */
export async function signalAndWait(
  cgroup: OwnedCgroup,
  procs: Procs,
  options: TerminateOptions,
): Promise<boolean> {
  await continueOnRefusal("signal", () => signalAll(cgroup, procs, options), { ...options, cgroup });
  const emptied = await waitForEvents(cgroup, (events) => !events.populated, {
    capMs: options.graceMs,
    stop: options.skipGrace,
  });
  crashPoint("ending: grace over");
  options.onStep("grace", { emptied });
  return emptied;
}

/** One signal to every process there is at one instant. */
async function signalAll(cgroup: OwnedCgroup, procs: Procs, options: TerminateOptions): Promise<void> {
  const { signal, onStep } = options;
  if (signal === null) return;
  const frozen = await freeze(cgroup, options.freezeCapMs ?? FREEZE_CAP_MS);
  crashPoint("ending: frozen");
  onStep("freeze", { completed: frozen });
  let sent = 0;
  let refused = 0;
  try {
    for (const pid of cgroup.pids()) {
      const send = (one: Signal) =>
        frozen ? procs.signalFrozen(pid, one) : procs.signalIn(cgroup.path, pid, one);
      const outcome = trySignal(() => send(signal));
      // A stopped process acts on no signal but KILL until it goes on; systemd too sends CONT after TERM (systemd.kill(5)).
      if (outcome === "sent" && procs.statIfShown(pid)?.state === "T") trySignal(() => send(CONT));
      if (outcome === "sent") sent++;
      if (outcome === "refused") refused++;
    }
    crashPoint("ending: signalled");
  } finally {
    thaw(cgroup);
  }
  cgroup.thawBelow();
  crashPoint("ending: thawed");
  onStep("signal", { signal: signal.name, sent, refused });
}

/** `refused`: another user's process (setuid) in an unprivileged user's job; cgroup.kill will take it. */
function trySignal(send: () => boolean): "sent" | "gone" | "refused" {
  try {
    return send() ? "sent" : "gone";
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return "refused";
  }
}

async function killAll(cgroup: OwnedCgroup, procs: Procs, options: TerminateOptions): Promise<Survivor[]> {
  const capMs = options.killCapMs ?? KILL_CAP_MS;
  if (!readEvents(cgroup).populated) return [];
  const killing = () => Promise.resolve(cgroup.writeOptional("cgroup.kill", "1"));
  const atOnce = await continueOnRefusal("kill", killing, { ...options, cgroup }) ?? false;
  crashPoint("ending: kill written");
  options.onStep("kill", { by: atOnce ? "cgroup.kill" : "signals" });
  const empty = atOnce
    ? await waitForKilled(cgroup, procs, capMs)
    : await killOneByOne(cgroup, procs, { ...options, killCapMs: capMs });
  crashPoint("ending: empty");
  options.onStep("empty", { emptied: empty });
  // A frozen survivor could not run to its end.
  thawOrRecord(cgroup, options);
  return empty ? [] : describeSurvivors(cgroup, procs);
}

/**
 * cgroup.kill signals the main thread of each process, which does nothing where that has ended before the others (Linux 6.18). kill(2) is
 * for the process, and any thread takes it. A process that is merely slow to die gets the same signal once more.
 */
async function waitForKilled(cgroup: OwnedCgroup, procs: Procs, capMs: number): Promise<boolean> {
  const isEmpty = (events: { populated: boolean }) => !events.populated;
  const firstMs = Math.min(capMs, MISSED_AFTER_MS);
  if (await waitForEvents(cgroup, isEmpty, { capMs: firstMs })) return true;
  killEach(cgroup, procs);
  return await waitForEvents(cgroup, isEmpty, { capMs: capMs - firstMs });
}

function thawOrRecord(cgroup: OwnedCgroup, options: TerminateOptions): void {
  try {
    thaw(cgroup);
  } catch (error) {
    // The supervisor that is ending the same job was quicker, and has removed it.
    if (error instanceof CgroupGoneError || !cgroup.exists()) return;
    options.onStep("step-failed", { step: "thaw", message: (error as Error).message });
  }
}

/** A step that the kernel refuses must not keep the next, stronger one from being taken: null, and a word of it in the record. */
async function continueOnRefusal<T>(
  step: string,
  act: () => Promise<T>,
  { cgroup, onStep }: TerminateOptions & { cgroup: OwnedCgroup },
): Promise<T | null> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CgroupError)) throw error;
    // Gone is not refused: the supervisor that is ending the same job was quicker.
    if (cgroup.exists()) onStep("step-failed", { step, message: error.message });
    return null;
  }
}

function killEach(cgroup: OwnedCgroup, procs: Procs): void {
  for (const pid of cgroup.pids()) trySignal(() => procs.signalIn(cgroup.path, pid, KILL));
}

/**
 * For kernels before 5.14: frozen, so that no fork escapes the list; SIGKILL takes frozen processes too. Once at least, however long the
 * freezer took.
 */
async function killOneByOne(
  cgroup: OwnedCgroup,
  procs: Procs,
  options: TerminateOptions & { killCapMs: number },
): Promise<boolean> {
  const until = performance.now() + options.killCapMs;
  const freezing = () => freeze(cgroup, options.freezeCapMs ?? FREEZE_CAP_MS);
  await continueOnRefusal("freeze", freezing, { ...options, cgroup });
  do {
    killEach(cgroup, procs);
    if (await waitForEvents(cgroup, (events) => !events.populated, { capMs: KILL_ROUND_MS })) return true;
  } while (performance.now() < until);
  return false;
}
