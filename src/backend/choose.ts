/** Chooses the backend by looking at the node. */
import { CgroupFs } from "../cgroup/file.ts";
import { lastName } from "../base/path.ts";
import { SetupError } from "../base/errors.ts";
import type { NodeLayout } from "../linux/node.ts";
import type { Procs } from "../linux/proc.ts";
import { Systemd } from "../systemd/manager.ts";
import { type Choice, choiceOf } from "../value/choice.ts";
import type { BackendName } from "../job/job.ts";
import { levelsOfSlice } from "../job/names.ts";
import { isInSlurmCgroup } from "../job/slurm.ts";
import type { Backend } from "./backend.ts";
import { CgroupfsBackend } from "./cgroupfs_backend.ts";
import { readOnlyError } from "./out_of_reach.ts";
import { SystemdBackend } from "./systemd_backend.ts";

/** What the choice depends on. */
export interface BackendChoice {
  node: NodeLayout;
  fs: CgroupFs;
  procs: Procs;
  /** Cgroup in which cgroupfs jobs are made (CORRAL_CGROUP_ROOT), or null to look for one. */
  cgroupRoot: string | null;
}

/** What --backend takes. */
export const BACKEND_CHOICE: Choice<BackendName | "auto"> = choiceOf("--backend", [
  "auto",
  "systemd",
  "cgroupfs",
]);

/** Throws SetupError when the wanted backend, or with `auto` any, cannot work here. */
export function chooseBackend(wanted: BackendName | "auto", choice: BackendChoice): Backend {
  if (wanted === "systemd") return systemdBackend(choice) ?? refuseSystemd(choice.node);
  if (wanted === "cgroupfs") return cgroupfsBackend(choice) ?? refuseCgroupfs(choice);
  return systemdBackend(choice) ?? cgroupfsBackend(choice) ?? refuseBoth(choice.node);
}

/** Every backend on which jobs may be found from here, be it that none could be started. */
export function usableBackends(choice: BackendChoice): Backend[] {
  const cgroupfs = cgroupfsBackend(choice) ?? cgroupfsOfManager(choice);
  return [systemdBackend(choice), cgroupfs].filter((backend) => backend !== null);
}

/** The backend on which a recorded job runs, or would; `cgroupPath` is null when its launch was cut short. Throws SetupError. */
export function backendOf(name: BackendName, cgroupPath: string | null, choice: BackendChoice): Backend {
  if (name === "systemd") {
    const outer = levelsOfSlice(lastName(cgroupPath ?? "")).slice(0, -1);
    return (systemdBackend(choice) ?? refuseSystemd(choice.node)).within(outer);
  }
  if (cgroupPath === null) {
    return usableBackends(choice).find((backend) => backend.name === name) ?? refuseCgroupfs(choice);
  }
  return new CgroupfsBackend(choice.fs, choice.procs, cgroupPath.split("/").slice(0, -2).join("/"));
}

/** That of this user's manager; null where there is none. */
export function systemdBackend({ node, fs, procs }: BackendChoice): SystemdBackend | null {
  if (!node.systemdBooted || node.systemdElsewhere) return null;
  if (node.uid === 0) return new SystemdBackend(fs, procs, new Systemd(null, node.uid), "/");
  if (node.userRuntimeDir === null) return null;
  return new SystemdBackend(fs, procs, new Systemd(node.userRuntimeDir, node.uid), managerPath(node.uid));
}

/** The cgroup of a user's systemd manager. */
function managerPath(uid: number): string {
  return `/user.slice/user-${uid}.slice/user@${uid}.service`;
}

function cgroupfsBackend(choice: BackendChoice): Backend | null {
  const root = choice.cgroupRoot ?? delegatedRoot(choice);
  return root === null ? null : new CgroupfsBackend(choice.fs, choice.procs, root === "/" ? "" : root);
}

/** In the cgroup of a Slurm step, where the user may write there: what Slurm limits and counts stays in its sight. */
export function stepBackend(choice: BackendChoice): Backend | null {
  const root = choice.node.uid === 0 ? null : delegatedRoot(choice);
  return root !== null && isInSlurmCgroup(`0::${root}`)
    ? new CgroupfsBackend(choice.fs, choice.procs, root)
    : null;
}

/** A user's crontab runs outside of the user's cgroups: it can move no process into them, but look after what is there. */
function cgroupfsOfManager({ node, fs, procs }: BackendChoice): Backend | null {
  const root = managerPath(node.uid);
  return isOwnedBy(fs, root, node.uid) ? new CgroupfsBackend(fs, procs, root) : null;
}

/** Root's is the mount itself; a user's the topmost cgroup on the way up from corral's own that the user may change. */
function delegatedRoot({ node, fs }: BackendChoice): string | null {
  if (node.uid === 0) return isWritable(fs, "/") ? "/" : null;
  let top: string | null = null;
  for (let path = node.ownCgroup; path !== "" && path !== "/"; path = path.slice(0, path.lastIndexOf("/"))) {
    if (!isOwnedBy(fs, path, node.uid)) break;
    top = path;
  }
  return top;
}

/** True where the user can make cgroups and move processes. */
export function isOwnedBy(fs: CgroupFs, path: string, uid: number): boolean {
  try {
    // Moving a process needs write access to cgroup.procs of the common ancestor (cgroup-v2.rst, "Delegation Containment").
    return [fs.locate(path), fs.locate(path, "cgroup.procs")].every((name) =>
      Deno.lstatSync(name).uid === uid
    );
  } catch {
    return false;
  }
}

/** True where root can. */
export function isWritable(fs: CgroupFs, path: string): boolean {
  try {
    // access(2) is not at hand: an open for writing fails for the mode and for a read-only mount alike.
    Deno.openSync(fs.locate(path, "cgroup.procs"), { write: true }).close();
    return true;
  } catch {
    return false;
  }
}

function refuseSystemd(node: NodeLayout): never {
  if (!node.systemdBooted) {
    throw new SetupError("systemd is not running on this node", "use --backend cgroupfs");
  }
  if (node.systemdElsewhere) {
    throw new SetupError("systemd runs in another PID namespace", "use --backend cgroupfs");
  }
  throw new SetupError(
    `no systemd user manager runs for uid ${node.uid}`,
    `as root: loginctl enable-linger ${node.uid}`,
  );
}

function refuseCgroupfs({ node, fs }: BackendChoice): never {
  if (node.uid === 0) {
    throw readOnlyError(fs);
  }
  throw new SetupError(
    `no cgroup is delegated to uid ${node.uid} (corral is in ${node.ownCgroup})`,
    "run corral in a cgroup of yours: systemd-run --user --scope -p Delegate=yes corral …, or use --backend systemd",
  );
}

function refuseBoth(node: NodeLayout): never {
  if (node.uid === 0) {
    throw new SetupError(
      "neither systemd nor a writable cgroup2 is here",
      "mount -o remount,rw the cgroup2 file system",
    );
  }
  throw new SetupError(
    `nothing here lets uid ${node.uid} make cgroups: no systemd user manager, no delegated cgroup`,
    node.systemdBooted
      ? `as root: loginctl enable-linger ${node.uid}`
      : "as root: give the user a cgroup (chown it), or run corral as root",
  );
}
