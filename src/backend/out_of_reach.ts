/** Cgroups that corral can see and cannot use, each with its remedy: what containers make of the mount and of the namespace. */
import { isReadOnly } from "../base/errno.ts";
import { CgroupError, SetupError } from "../base/errors.ts";
import type { CgroupFs } from "../cgroup/file.ts";

/** How the kernel names what the reader's cgroup namespace does not hold (cgroup_namespaces(7)). */
const OUTSIDE = "/../";

/** Throws SetupError for a path that leads out of this cgroup namespace. */
export function refuseOutside(path: string): void {
  if (!path.startsWith(OUTSIDE)) return;
  throw new SetupError("systemd's cgroups are outside of this cgroup namespace", "use --backend cgroupfs");
}

/** The mount is read-only. */
export function readOnlyError({ mount }: Pick<CgroupFs, "mount">): SetupError {
  return new SetupError(`${mount} is read-only`, `mount -o remount,rw ${mount}`);
}

/** The error itself, or that of a mount that was found to be read-only. */
export function clearly(error: unknown, fs: Pick<CgroupFs, "mount">): unknown {
  return error instanceof CgroupError && isReadOnly(error.cause) ? readOnlyError(fs) : error;
}
