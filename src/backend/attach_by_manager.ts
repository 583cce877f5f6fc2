/** Moves a user's processes by the system manager, where the user itself may not. */
import type { Procs } from "../linux/proc.ts";
import { SystemdRefusal } from "../systemd/connection.ts";
import type { Systemd } from "../systemd/manager.ts";
import type { Refused } from "./backend.ts";

/**
 * All at once; when that is refused, half by half: it may be for one that has ended. `below` is the cgroup's path below the user's manager.
 * Throws SystemdRefusal when the manager does not answer.
 */
export async function attachByManager(
  host: { systemd: Systemd; procs: Procs },
  below: string,
  pids: readonly number[],
): Promise<Refused[]> {
  if (pids.length === 0) return [];
  try {
    await host.systemd.attach(below, pids);
    return [];
  } catch (error) {
    if (!(error instanceof SystemdRefusal) || error.errorName === null) throw error;
    if (pids.length === 1) {
      return host.procs.stat(pids[0]!) === null ? [] : [{ pid: pids[0]!, because: error.message }];
    }
  }
  const left = pids.filter((pid) => host.procs.stat(pid) !== null);
  const half = Math.ceil(left.length / 2);
  return [
    ...await attachByManager(host, below, left.slice(0, half)),
    ...await attachByManager(host, below, left.slice(half)),
  ];
}
