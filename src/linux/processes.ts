/** All processes of a node, as /proc shows them at one moment. */
import { Buffer } from "node:buffer";
import { isForbidden, isVanished } from "../base/errno.ts";
import { isJobId } from "../value/id.ts";
import type { Identity } from "../job/job.ts";
import { boundedReads, readFirst } from "../base/bounded_read.ts";
import { type Clock, MS_PER_TICK, startedBootMs } from "./clock.ts";
import { pageSizeBytes } from "./libc.ts";
import type { Procs } from "./proc.ts";

/** One process. Reused pids are told apart by the start time. */
export interface Process extends Identity {
  ppid: number;
  session?: number;
  /** Device number of its controlling terminal; 0 without one. */
  terminal?: number;
  /** At most 15 bytes, anything the process likes. */
  name: string;
  /** One letter of /proc/PID/stat. */
  state: string;
  kernelThread: boolean;
  /** On its way out or a zombie, with all its threads: it has no command line any more. */
  exiting: boolean;
  /** Effective user, as ps(1) shows. */
  uid: number;
  ageMs: number;
  cpuUsageUsec: number;
  residentBytes: number;
  /** The command line; empty for kernel threads, zombies and, for a moment, in an exec; null when it did not answer (READ_CAP_MS) or is hidden. */
  words: string[] | null;
  /** Nodes of GPUs that it holds (`nvidia0`), where that was asked. */
  gpus?: readonly string[];
  /** Below the cgroup2 mount; null without cgroup2. */
  cgroupPath: string | null;
}

/** Where processes are read and signalled: part of a node. */
export interface ProcessSource {
  procs: Procs;
  clock: Clock;
}

/** How much of a command line is read; a process can make its own as long as its memory (prctl(2), PR_SET_MM_MAP). */
export const COMMAND_LINE_BYTES = 65_536;
/**
 * How much of an environment is read. execve(2) allows 6 MiB where the limit of the stack is raised, and thousands of those would take long.
 * A mark further behind goes unseen, like one that its process has taken away.
 */
const ENVIRON_BYTES = 2 * 1024 * 1024;
const DECODER = new TextDecoder();
const MARKER = "CORRAL_JOB_ID";

/**
 * Every process that this user may look at (hidepid hides the others), by pid. Some 100 us each, and one READ_CAP_MS more in all when
 * command lines hang.
 */
export async function listProcesses(source: ProcessSource): Promise<Process[]> {
  const bootMs = source.clock.bootMs();
  const found = await Promise.all(source.procs.pids().map((pid) => readAt(source, pid, bootMs)));
  return found.filter((process) => process !== null);
}

/** One process; null when it is gone or hidden. */
export async function readProcess(source: ProcessSource, pid: number): Promise<Process | null> {
  return await readAt(source, pid, source.clock.bootMs());
}

async function readAt({ procs, clock }: ProcessSource, pid: number, bootMs: number): Promise<Process | null> {
  const stat = procs.statIfShown(pid);
  const uid = stat === null ? null : effectiveUid(procs, pid);
  if (stat === null || uid === null) return null;
  const words = stat.kernelThread ? [] : await commandWords(procs, pid);
  if (words === "gone") return null;
  return {
    pid,
    startTicks: stat.startTicks,
    bootId: clock.bootId(),
    ppid: stat.ppid,
    session: stat.session,
    terminal: stat.terminal ?? 0,
    name: stat.name,
    state: stat.state,
    kernelThread: stat.kernelThread,
    exiting: stat.exiting && stat.threads <= 1,
    uid,
    ageMs: Math.max(0, bootMs - startedBootMs(stat)),
    cpuUsageUsec: stat.cpuTicks * MS_PER_TICK * 1000,
    residentBytes: stat.residentPages * pageSizeBytes(),
    words,
    cgroupPath: procs.cgroupPathIfShown(pid),
  };
}

/** The owner of /proc/PID itself, whatever hides the rest of the process (task_dump_owner(), Linux 4.11): a fifth of what `status` costs. */
function effectiveUid(procs: Procs, pid: number): number | null {
  try {
    return Deno.lstatSync(`${procs.root}/${pid}`).uid;
  } catch (error) {
    if (isVanished(error)) return null;
    throw error;
  }
}

/** The words joined by blanks; null without any: kernel threads, zombies, and what does not answer. */
export function commandLine({ words }: Pick<Process, "words">): string | null {
  return words === null || words.length === 0 ? null : words.join(" ");
}

/**
 * The command line of one process, read with a cap (READ_CAP_MS); null when it does not answer or is hidden. stat and cgroup never wait for
 * the process; cmdline and environ can.
 */
export async function commandWords(procs: Procs, pid: number): Promise<string[] | null | "gone"> {
  try {
    const words = await wordsIn(`${procs.root}/${pid}`);
    const instead = words?.length === 0 ? procs.threadInPlaceOfMain(pid) : null;
    return instead === null ? words : await wordsIn(instead);
  } catch (error) {
    if (isVanished(error)) return "gone";
    if (isForbidden(error)) return null;
    throw error;
  }
}

async function wordsIn(directory: string): Promise<string[] | null> {
  // The open never waits; only the read takes the lock.
  const open = () => Deno.openSync(`${directory}/cmdline`);
  const bytes = await boundedReads.run(() => readFirst(open(), COMMAND_LINE_BYTES));
  return bytes === null ? null : splitWords(DECODER.decode(bytes));
}

/** A process that writes a title over its command line (setproctitle) pads it with NULs: the ones at the end are no words. */
function splitWords(text: string): string[] {
  let end = text.length;
  while (end > 0 && text[end - 1] === "\0") end--;
  return end === 0 ? [] : text.slice(0, end).split("\0");
}

/**
 * The job whose marker a process carries: CORRAL_JOB_ID in the environment that it was started with. null without one, when the process
 * is gone, hidden (another user's) or does not answer (READ_CAP_MS), and when it wrote over its environment.
 */
export async function markerOf(procs: Procs, pid: number): Promise<string | null> {
  const own = await markerIn(`${procs.root}/${pid}`);
  if (own !== undefined) return own;
  const instead = procs.threadInPlaceOfMain(pid);
  return instead === null ? null : await markerIn(instead) ?? null;
}

/**
 * The variables of these names that a process was started with; null when it is gone, hidden or does not answer (READ_CAP_MS). Empty for one
 * that wrote over its environment.
 */
export async function variablesOf<Name extends string>(
  procs: Procs,
  pid: number,
  names: readonly Name[],
): Promise<Partial<Record<Name, string>> | null> {
  const environment = await environmentIn(`${procs.root}/${pid}`);
  if (environment === null || environment === undefined) return null;
  const found = names.map((name) => [name, valueIn(environment, name)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== null)) as Partial<Record<Name, string>>;
}

/** A variable's value: its first, wherever in it. Searched as bytes: to decode megabytes takes longer than to read them. */
function valueIn(environment: Buffer, name: string): string | null {
  const mark = `${name}=`;
  const isFirst = environment.subarray(0, mark.length).toString() === mark;
  const before = isFirst ? -1 : environment.indexOf(`\0${mark}`);
  if (before < 0 && !isFirst) return null;
  const start = before + 1 + mark.length;
  const end = environment.indexOf(0, start);
  return environment.toString("utf8", start, end < 0 ? environment.length : end);
}

/** Undefined where there is no environment at all. */
async function markerIn(directory: string): Promise<string | null | undefined> {
  const environment = await environmentIn(directory);
  if (environment === null || environment === undefined) return environment;
  const id = valueIn(environment, MARKER);
  return id !== null && isJobId(id) ? id : null;
}

/** Undefined where there is none at all; null when it is hidden or does not answer. */
async function environmentIn(directory: string): Promise<Buffer | null | undefined> {
  try {
    // Even the open can wait here, for an exec that is under way (mm_access()).
    const bytes = await boundedReads.run(async () =>
      await readFirst(await Deno.open(`${directory}/environ`), ENVIRON_BYTES)
    );
    if (bytes?.length === 0) return undefined;
    return bytes === null ? null : Buffer.from(bytes.buffer, 0, bytes.length);
  } catch (error) {
    if (isVanished(error)) return undefined;
    if (isForbidden(error)) return null;
    throw error;
  }
}

/**
 * Children of these pids, their children and so on, in the order of the list; not the pids themselves. A process whose parent has ended
 * has no ancestor there any more: the kernel hands it to pid 1 or a subreaper.
 */
export function descendantsOf<T extends { pid: number; ppid: number }>(
  pids: Iterable<number>,
  list: readonly T[],
): T[] {
  const children = Map.groupBy(list, ({ ppid }) => ppid);
  const roots = new Set(pids);
  const seen = new Set(roots);
  const queue = [...roots];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (seen.has(child.pid)) continue;
      seen.add(child.pid);
      queue.push(child.pid);
    }
  }
  return list.filter(({ pid }) => seen.has(pid) && !roots.has(pid));
}

/** corral, its parent and so on, pid 1 with them: to end one of them is to end this. */
export function ownAncestry(procs: Procs): Set<number> {
  const pids = new Set([1]);
  for (let pid = Deno.pid; pid > 0 && !pids.has(pid); pid = procs.statIfShown(pid)?.ppid ?? 0) pids.add(pid);
  return pids;
}
