/** The cgroup2 freezer (cgroup-v2.rst, cgroup.freeze; Linux 5.2). A frozen process still dies of SIGKILL. */
import { crashPoint } from "../base/crash_point.ts";
import { readEvents, waitForEvents } from "./events.ts";
import type { OwnedCgroup } from "./file.ts";

/**
 * Freezes the cgroup and all below it, at most `capMs`. A process in an uninterruptible wait (D state: NFS, FUSE) can hold a
 * freeze back for ever: then it is undone by `thaw` and false is returned. True also when nothing is left to freeze.
 */
export async function freeze(cgroup: OwnedCgroup, capMs: number): Promise<boolean> {
  cgroup.write("cgroup.freeze", "1");
  crashPoint("ending: freezing");
  let frozen = false;
  try {
    frozen = await waitForEvents(cgroup, (events) => events.frozen || !events.populated, { capMs });
  } finally {
    if (!frozen) thaw(cgroup);
  }
  return frozen;
}

/** Undoes `freeze`. No error for a cgroup that is gone. */
export function thaw(cgroup: OwnedCgroup): void {
  if (cgroup.exists()) cgroup.write("cgroup.freeze", "0");
}

/** True when a freeze of the cgroup was requested (`corral freeze`), whether or not it is complete. */
export function isFrozen(cgroup: OwnedCgroup): boolean {
  return readEvents(cgroup).frozen || cgroup.read("cgroup.freeze")?.trim() === "1";
}
