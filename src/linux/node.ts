/** What this node offers: where cgroup2 is mounted, which cgroup corral is in, whether a systemd manager answers. */
import { readKernelText } from "../base/kernel_file.ts";
import { SetupError } from "../base/errors.ts";
import { type Mount, parseMounts } from "./mounts.ts";
import { parseCgroupPath } from "./proc.ts";

/** What was found: mounts, managers, and the place of corral itself. */
export interface NodeLayout {
  /** Mount point of cgroup2. */
  cgroupMount: string;
  /** corral's own cgroup, below the mount. */
  ownCgroup: string;
  uid: number;
  /** systemd is PID 1 (sd_booted(3)). */
  systemdBooted: boolean;
  /** systemd runs in another PID namespace than corral: the pids that it is given are not its own. */
  systemdElsewhere?: boolean;
  /** Directory of the caller's user manager, such as /run/user/1000, when it runs; null otherwise, and for root. */
  userRuntimeDir: string | null;
}

/** Places that differ on a fake node. */
export interface NodeRoots {
  proc: string;
  run: string;
}

/**
 * The cgroup2 mounts of /proc/self/mountinfo (proc_pid_mountinfo(5)) that no other mount hides: mounts that show the hierarchy from its root
 * first.
 */
export function parseCgroup2Mounts(text: string): string[] {
  const mounts = parseMounts(text);
  const isHidden = (mount: Mount) =>
    mounts.some(({ parent, dir }) => parent === mount.id && dir === mount.dir);
  return mounts.filter((mount) => mount.type === "cgroup2" && !isHidden(mount))
    .sort((a, b) => Number(b.root === "/") - Number(a.root === "/")).map(({ dir }) => dir);
}

/** Throws SetupError when there is no cgroup2 at all. */
export function inspectLayout(roots: NodeRoots, uid: number): NodeLayout {
  const mounts = parseCgroup2Mounts(readKernelText(`${roots.proc}/self/mountinfo`));
  const cgroupMount = mounts[0];
  if (cgroupMount === undefined) {
    throw new SetupError(
      "no cgroup2 file system is mounted",
      "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified",
    );
  }
  return {
    cgroupMount,
    ownCgroup: parseCgroupPath(readKernelText(`${roots.proc}/self/cgroup`)) ?? "/",
    uid,
    systemdBooted: exists(`${roots.run}/systemd/system`),
    systemdElsewhere: !isInitScope(`${roots.proc}/1/cgroup`),
    userRuntimeDir: uid === 0 ? null : userRuntimeDir(roots.run, uid),
  };
}

/** systemd moves itself there; true also where that cannot be read (hidepid). */
function isInitScope(file: string): boolean {
  try {
    return (parseCgroupPath(readKernelText(file)) ?? "/init.scope").endsWith("/init.scope");
  } catch {
    return true;
  }
}

/** cron and sudo set no XDG_RUNTIME_DIR: its place is fixed by pam_systemd(8), so corral looks there itself. */
function userRuntimeDir(run: string, uid: number): string | null {
  const directory = `${run}/user/${uid}`;
  return exists(`${directory}/systemd/private`) ? directory : null;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
