/** The cgroup of a guard whose job is over, without systemd: whatever is still in it moves out, so that it can be removed. */
import { isVanished } from "../base/errno.ts";
import type { CgroupFs } from "../cgroup/file.ts";
import { guardDirectory, jobOfGuardDirectory } from "../job/names.ts";
import { isSinglePid } from "../linux/pid.ts";
import { openPidfd } from "../linux/pidfd.ts";
import type { Procs } from "../linux/proc.ts";

/** Where the cgroups are, and the processes in them. */
interface Place {
  readonly fs: CgroupFs;
  readonly procs: Procs;
}

/** Between the list of a guard's processes and their move one may fork. */
const LEAVE_ROUNDS = 3;
const SIGCONT = 18;

/** Removes `own`, after whatever is in it has moved to `leaving`. Does not throw: a sweep removes what stays, once it is empty. */
export function leaveGuardDirectory(place: Place, own: string, leaving: string): void {
  const { fs } = place;
  // Empty when its supervisor died before it could move the guard there. A guard that just took its supervisor for hung has a child.
  for (let round = 0; round < LEAVE_ROUNDS && !removeQuietly(place, own); round++) {
    try {
      Deno.mkdirSync(fs.locate(leaving), { recursive: true });
      for (const pid of membersOf(fs, own)) moveMember(place, pid, { own, leaving });
    } catch {
      // The next round finds out.
    }
  }
}

/** True when it is gone. EBUSY: a guard is still leaving; a directory that stays is removed by a sweep. */
export function removeQuietly({ fs }: Pick<Place, "fs">, path: string): boolean {
  try {
    Deno.removeSync(fs.locate(path));
    return true;
  } catch (error) {
    return isVanished(error);
  }
}

/** The cgroups in `parent` of guards whose jobs are over. */
export function guardsOver(fs: CgroupFs, parent: string, isLive: (id: string) => boolean): string[] {
  const ids = fs.children(parent).map(jobOfGuardDirectory).filter((id) => id !== null && !isLive(id));
  return ids.map((id) => `${parent}/${guardDirectory(id!)}`);
}

/** Lets a guard go on that was stopped (SIGSTOP) when it should have gone: its job is over, and it finds that out by itself. Does not throw. */
export function wakeStopped({ fs, procs }: Place, own: string): void {
  for (const pid of membersOf(fs, own)) {
    try {
      using held = openPidfd(pid, procs);
      if (held !== null && procs.isIn(own, pid) && procs.statIfShown(pid)?.state === "T") {
        held.signal(SIGCONT);
      }
    } catch {
      // It has gone, or is not this user's.
    }
  }
}

function membersOf(fs: CgroupFs, path: string): number[] {
  const lines = (fs.readOptional(path, "cgroup.procs") ?? "").split("\n");
  return lines.filter((line) => line !== "").map(Number).filter(isSinglePid);
}

/** Held and looked at first: a process that was given the pid since the list was read is not in the cgroup, and stays where it is. */
function moveMember(
  { fs, procs }: Place,
  pid: number,
  { own, leaving }: { own: string; leaving: string },
): void {
  using held = openPidfd(pid, procs);
  if (held === null || !procs.isIn(own, pid)) return;
  Deno.writeTextFileSync(fs.locate(leaving, "cgroup.procs"), String(pid), { create: false });
}
