/** The processes that the system's manager answers for: the main process of each of its services. */
import { SetupError } from "../base/errors.ts";
import type { Node } from "./node.ts";

/** By `systemctl show`, whose list is empty without systemd, and in another PID namespace than systemd's. */
export async function servicePids({ run, layout }: Pick<Node, "run" | "layout">): Promise<Set<number>> {
  if (!isSystemdHere(layout)) return new Set();
  const { stdout } = await run(["systemctl", "show", "--property=MainPID,ControlPID", "*.service"]);
  const pids = [...stdout.matchAll(/^(?:MainPID|ControlPID)=(\d+)$/gm)].map((match) => Number(match[1]));
  return new Set(pids.filter((pid) => pid > 1));
}

function isSystemdHere(layout: Node["layout"]): boolean {
  try {
    const { systemdBooted, systemdElsewhere } = layout();
    return systemdBooted && !systemdElsewhere;
  } catch (error) {
    // A node without cgroup2 may have systemd, and no job.
    if (error instanceof SetupError) return false;
    throw error;
  }
}
