/** The slice of a pool under systemd: corral.slice/corral-pool_P.slice, which carries the limits of all jobs in it. */
import type { CgroupFs } from "../cgroup/file.ts";
import { SetupError } from "../base/errors.ts";
import { poll } from "../base/poll.ts";
import { levelsOfSlice, poolLevel, poolOfLevel } from "../job/names.ts";
import type { Pool } from "../job/pool.ts";
import type { Systemd } from "../systemd/manager.ts";
import { sliceName } from "../systemd/unit_properties.ts";
import { poolLimits } from "./backend.ts";
import { agreeWith } from "./limits_in_force.ts";

/** From a request to the limits in the files. */
const IN_FORCE_CAP_MS = 5_000;

/** Makes it, or gives it the limits that the configuration has now, and waits until they are in force. Throws SystemdRefusal, SetupError. */
export async function makePoolSlice(
  { fs, systemd, top }: { fs: CgroupFs; systemd: Systemd; top: string },
  pool: Pool,
): Promise<void> {
  const slice = sliceName(poolLevel(pool.name), []);
  const limits = poolLimits(pool);
  const path = `${top}/${slice}`;
  const isThere = () => fs.inode(path) !== null && agreeWith(fs, path, limits);
  if (isThere()) return;
  await systemd.setPool(slice, limits);
  if (await poll(isThere, IN_FORCE_CAP_MS)) return;
  throw new SetupError(`the limits of ${slice} are not in force`, `see: systemctl status ${slice}`);
}

/** The cgroups of all pools in `top`. */
export function poolSlices(fs: CgroupFs, top: string): string[] {
  const isPool = (name: string) => {
    const levels = levelsOfSlice(name);
    return levels.length === 1 && poolOfLevel(levels[0]!) !== null;
  };
  return fs.children(top).filter(isPool).map((name) => `${top}/${name}`);
}
