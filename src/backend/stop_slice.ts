/** Stops the units of jobs that are over. */
import { lastName } from "../base/path.ts";
import { readEventsAt } from "../cgroup/events.ts";
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { jobsOfSlice } from "../job/names.ts";
import { SystemdRefusal } from "../systemd/connection.ts";
import type { Systemd } from "../systemd/manager.ts";

const NO_SUCH_UNIT = "org.freedesktop.systemd1.NoSuchUnit";

/** Already gone is as good. `frozen` gives the units that may have to be thawed before. Throws SystemdRefusal. */
export async function stopSlice(
  systemd: Systemd,
  slice: string,
  frozen: () => readonly string[],
): Promise<void> {
  try {
    if (await systemd.stopUnit(slice) === "done") return;
  } catch (error) {
    if (!(error instanceof SystemdRefusal)) throw error;
    if (error.errorName === NO_SUCH_UNIT) return;
    if (error.errorName === null) throw error;
  }
  await thawUnits(systemd, [...frozen(), slice]);
  await systemd.stopUnit(slice);
}

/**
 * systemd holds a unit for frozen from `systemctl freeze` to `systemctl thaw`, whatever the kernel does, and does not stop it: 252 refuses, 257
 * takes the job and has it fail (`frozen`).
 */
export async function thawUnits(systemd: Systemd, units: readonly string[]): Promise<void> {
  for (const unit of units) {
    try {
      await systemd.thawUnit(unit);
    } catch (error) {
      // Not frozen, or gone: the second stop shows it.
      if (!(error instanceof SystemdRefusal)) throw error;
    }
  }
}

/** The unit whose cgroup this is. */
export function unitOf({ path }: OwnedCgroup): string {
  return lastName(path);
}

/** The slices of jobs whose cgroups lie in this job's, children first. */
export function unitsIn(cgroup: OwnedCgroup): string[] {
  if (!cgroup.exists()) return [];
  return cgroup.paths().slice(0, -1).map(lastName).filter((name) => jobsOfSlice(name).length > 0);
}

/** Stops the scope of a guard, unless it has a process: then the guard is at work. Throws what is no refusal. */
export async function stopIfEmpty(systemd: Systemd, fs: CgroupFs, path: string): Promise<void> {
  if (fs.inode(path) === null || readEventsAt(fs, path).populated) return;
  try {
    await systemd.stopUnit(lastName(path));
  } catch (error) {
    // Gone meanwhile, or left to the next sweep.
    if (!(error instanceof SystemdRefusal)) throw error;
  }
}
