/** Which processes of a list are strays. Pure. */
import { jobOfCgroup, jobOfSupervisorScope } from "../job/names.ts";
import { commandLine, descendantsOf, type Process } from "../linux/processes.ts";
import { isOrphaned, type IsSession } from "./strays_orphaned.ts";

/** What an admin asked for. `null` is "whatever". */
export interface StrayCriteria {
  /** Found anywhere in the command line; null: any. */
  match: RegExp | null;
  /** Only what holds a GPU. */
  gpu?: boolean;
  /** Its first group, or all of what it finds, is the owner's id of the process. */
  refPattern: RegExp | null;
  olderThanMs: number | null;
  /** Effective user. */
  uid: number | null;
  /** Also what the matches started, whatever its command line and age. */
  tree: boolean;
  /** Found anywhere in the command line, the process is none. */
  exclude?: RegExp | null;
  /** Only what is orphaned: what init or a user's manager has taken in. */
  orphanedFrom?: IsSession | null;
}

/** A process that belongs to no job. */
export interface Stray {
  process: Process;
  /** The owner's id: from its own command line, else from the nearest match above it. */
  ref: string | null;
  /** False for what is there because a match started it. */
  matched: boolean;
}

/** Strays in the order of the list. `spared` are pids that are none whatever they match: see sparedPids(). */
export function selectStrays(
  list: readonly Process[],
  criteria: StrayCriteria,
  spared: ReadonlySet<number>,
): Stray[] {
  const jobless = list.filter((process) => !spared.has(process.pid) && isJobless(process));
  const byPid = new Map(list.map((process) => [process.pid, process]));
  const fits = (process: Process) =>
    isMatch(process, criteria) && isAbandoned(process, byPid.get(process.ppid) ?? null, criteria);
  const matched = jobless.filter((process) => isOfUser(process, criteria) && fits(process));
  const matchedPids = new Set(matched.map(({ pid }) => pid));
  // Not through a job or a corral: a supervisor looks after what lies below those.
  const below = criteria.tree ? descendantsOf(matchedPids, jobless) : [];
  const pids = new Set([...matched, ...below].map(({ pid }) => pid));
  const refOf = refFinder(jobless, matchedPids, criteria);
  return jobless.filter((process) => pids.has(process.pid) && isOfUser(process, criteria))
    .filter((process) => !isExcluded(process, criteria))
    .map((process) => ({ process, ref: refOf(process), matched: matchedPids.has(process.pid) }));
}

/** Whether it is still what was listed: in no job, and by its command line still a match, or what the match had started. */
export function isStillStray(stray: Stray, now: Process, criteria: StrayCriteria): boolean | "unknown" {
  const { startTicks, bootId } = stray.process;
  const isSame = now.startTicks === startTicks && now.bootId === bootId;
  if (!isSame || !isJobless(now) || !isOfUser(now, criteria)) return false;
  // It has no command line any more and can become nothing else.
  if (now.exiting) return true;
  if (now.words === null) return "unknown";
  // The owner's word about one id is no word about another.
  if (ownRef(now, criteria) !== ownRef(stray.process, criteria)) return false;
  // What has a parent again, by ptrace(2) for instance, is waited for.
  if ((criteria.orphanedFrom ?? null) !== null && stray.matched && now.ppid !== stray.process.ppid) {
    return false;
  }
  if (isExcluded(now, criteria)) return false;
  return stray.matched ? isMatch(now, criteria) : commandLine(now) === commandLine(stray.process);
}

/** Not in a job, nor in the scope of a job's supervisor, and not what no signal is for. */
export function isJobless({ pid, kernelThread, cgroupPath }: Process): boolean {
  return pid !== 1 && !kernelThread && jobOfCgroup(cgroupPath) === null &&
    jobOfSupervisorScope(cgroupPath) === null;
}

function isOfUser(process: Process, { uid }: StrayCriteria): boolean {
  return uid === null || process.uid === uid;
}

function isAbandoned(process: Process, parent: Process | null, { orphanedFrom }: StrayCriteria): boolean {
  return (orphanedFrom ?? null) === null || isOrphaned(process, parent, orphanedFrom!);
}

function isExcluded(process: Process, { exclude }: StrayCriteria): boolean {
  return exclude?.test(commandLine(process) ?? "") ?? false;
}

function isMatch(process: Process, { match, gpu, olderThanMs, exclude }: StrayCriteria): boolean {
  const line = commandLine(process);
  if (gpu && (process.gpus ?? []).length === 0) return false;
  return line !== null && (match?.test(line) ?? true) && !(exclude?.test(line) ?? false) &&
    (olderThanMs === null || process.ageMs >= olderThanMs);
}

function ownRef(process: Process, { refPattern }: StrayCriteria): string | null {
  const found = refPattern?.exec(commandLine(process) ?? "") ?? null;
  // Found empty, it is the id of nothing.
  return found === null ? null : (found[1] ?? found[0]) || null;
}

/** By a process's own command line, else by that of the nearest match above it. */
function refFinder(list: readonly Process[], matched: ReadonlySet<number>, criteria: StrayCriteria) {
  const byPid = new Map(list.map((process) => [process.pid, process]));
  return (process: Process): string | null => {
    let ref = ownRef(process, criteria);
    const seen = new Set([process.pid]);
    let at = criteria.tree ? byPid.get(process.ppid) : undefined;
    while (ref === null && at !== undefined && !seen.has(at.pid)) {
      seen.add(at.pid);
      if (matched.has(at.pid)) ref = ownRef(at, criteria);
      at = byPid.get(at.ppid);
    }
    return ref;
  };
}
