/** Processes that are no strays although their command lines may say so. Pure. */
import { jobOfSupervisorScope } from "../job/names.ts";
import { commandLine, descendantsOf, type Process } from "../linux/processes.ts";

/**
 * Pids of:
 * - corral itself, its ancestors and descendants;
 * - every other corral: it supervises a job, whose command line it repeats, or acts on one;
 * - what such a corral has just started and not yet put into the job's cgroup, and what it starts for itself;
 * - who launches jobs by a command line that holds theirs: `sudo corral run …`, `sh -c 'corral run …; corral run …'`.
 */
export function sparedPids(list: readonly Process[], selfPid: number): Set<number> {
  const byPid = new Map(list.map((process) => [process.pid, process]));
  const own = [...ancestorsOf(selfPid, byPid), ...descendantsOf([selfPid], list)];
  const corrals = list.filter(isCorral);
  const corralPids = new Set(corrals.map(({ pid }) => pid));
  const children = list.filter(({ ppid }) => corralPids.has(ppid));
  return new Set([
    selfPid,
    ...[...own, ...corrals, ...list.filter(isLauncher), ...children].map(({ pid }) => pid),
  ]);
}

function ancestorsOf(pid: number, byPid: ReadonlyMap<number, Process>): Process[] {
  const found = new Map<number, Process>();
  let at = byPid.get(byPid.get(pid)?.ppid ?? 0);
  // The list is not of one instant: a pid that was reused meanwhile could close a circle.
  while (at !== undefined && !found.has(at.pid)) {
    found.set(at.pid, at);
    at = byPid.get(at.ppid);
  }
  return [...found.values()];
}

function isCorral({ words, cgroupPath }: Process): boolean {
  return /^(.*\/)?corral$/.test(words?.[0] ?? "") || jobOfSupervisorScope(cgroupPath) !== null;
}

/** Also between two jobs, when no corral runs below it. One pass: a hostile command line of 64 KiB takes no longer than another. */
function isLauncher(process: Process): boolean {
  const line = commandLine(process) ?? "";
  const corral = /(?:^|[^\w.-])corral['"]?[,\s]/.exec(line);
  return corral !== null && /\Wrun\W/.test(line.slice(corral.index + corral[0].length - 1));
}
