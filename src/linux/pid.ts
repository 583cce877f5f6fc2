/** Which numbers name one process that corral may act upon: the one rule for kill(2), pidfd_open(2) and a move between cgroups. */

/**
 * kill(2) takes 0 and below for whole groups, cgroup.procs takes 0 for its writer and shows it for a process of another PID namespace, and
 * 1 is init, which no job has.
 */
export function isSinglePid(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1;
}
