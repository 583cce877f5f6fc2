/** Whether a process can act at all: not one that its user has stopped, and none in a frozen cgroup. */
import { readEventsAt } from "../cgroup/events.ts";
import type { HeldUp } from "../queue/order.ts";
import type { Node } from "./node.ts";

type Seen = Pick<Node, "procs" | "cgroups">;

/** States of a process that is stopped (proc(5)). */
const STOPPED = "Tt";

/** True for a process that its user has stopped. */
export function isStopped({ procs }: Pick<Node, "procs">, pid: number): boolean {
  return STOPPED.includes(procs.stat(pid)?.state ?? "-");
}

/** What tells why a process does not act; null for one that does. */
export function heldUpLook(on: Seen): (pid: number) => HeldUp | null {
  const isFrozen = frozenLook(on);
  return (pid) =>
    isStopped(on, pid) ? { kind: "stopped", pid } : isFrozen(pid) ? { kind: "frozen", pid } : null;
}

/**
 * Tells a process in a frozen cgroup (`systemctl freeze`, a paused container). Processes of one kind mostly share a cgroup, which is read
 * once.
 */
function frozenLook({ procs, cgroups }: Seen): (pid: number) => boolean {
  const seen = new Map<string, boolean>();
  return (pid) => {
    const path = procs.cgroupPathIfShown(pid);
    if (path === null) return false;
    if (!seen.has(path)) seen.set(path, isFrozenAt(cgroups, path));
    return seen.get(path)!;
  };
}

function isFrozenAt(cgroups: Node["cgroups"], path: string): boolean {
  try {
    return readEventsAt(cgroups(), path).frozen;
  } catch {
    // Out of sight (another cgroup namespace): as before it was looked at.
    return false;
  }
}
