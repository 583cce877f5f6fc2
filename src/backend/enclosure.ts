/**
 * A cgroup beside the jobs for a command that follows the end of one (`--on-end`): what the command starts is found and ended with it,
 * whatever session it has made for itself.
 */
import { isVanished } from "../base/errno.ts";
import { poll } from "../base/poll.ts";
import type { CgroupFs } from "../cgroup/file.ts";
import { jobOfOnEndDirectory, onEndDirectory } from "../job/names.ts";
import { isSinglePid } from "../linux/pid.ts";
import { openPidfd } from "../linux/pidfd.ts";
import type { Procs } from "../linux/proc.ts";
import { SystemdRefusal } from "../systemd/connection.ts";
import type { Systemd } from "../systemd/manager.ts";
import { onEndScopeName } from "../systemd/unit_properties.ts";

/** The cgroup of one command. */
export interface Enclosure {
  /** Kills whatever is in it, and removes it. False when something is left. */
  end(): Promise<boolean>;
}

/** From the kill to the removal. */
const END_CAP_MS = 5_000;
/** What is older was left by a process that did not live to end it. */
const FORGOTTEN_AFTER_MS = 120_000;
const SIGKILL = 9;

/** A scope; systemd itself kills it when `capMs` are over. Null when the manager does not make it. */
export async function encloseByManager(
  { systemd, procs }: { systemd: Systemd; procs: Procs },
  id: string,
  { pid, capMs }: { pid: number; capMs: number },
): Promise<Enclosure | null> {
  const scope = onEndScopeName(id);
  const isInside = () => procs.cgroupPath(pid)?.endsWith(`/corral.slice/${scope}`) ?? false;
  try {
    await systemd.startOnEnd({ id, pid, capMs });
    if (!await poll(isInside, END_CAP_MS)) return null;
  } catch {
    return null;
  }
  return {
    end: async () => {
      try {
        return await systemd.stopUnit(scope) === "done";
      } catch (error) {
        // It goes with its last process.
        return error instanceof SystemdRefusal && error.errorName !== null;
      }
    },
  };
}

/** Where such directories are, and the processes in them. */
export interface EnclosureSource {
  fs: CgroupFs;
  procs: Procs;
}

/** A directory of `parent`. Null when it cannot be made. */
export async function encloseInDirectory(
  source: EnclosureSource,
  parent: string,
  { id, pid }: { id: string; pid: number },
): Promise<Enclosure | null> {
  const { fs } = source;
  const path = `${parent}/${onEndDirectory(id)}`;
  try {
    // Fails for one that is there already.
    Deno.mkdirSync(fs.locate(path));
  } catch {
    return null;
  }
  try {
    await Deno.writeTextFile(fs.locate(path, "cgroup.procs"), String(pid), { create: false });
    return { end: () => killDirectory(source, path) };
  } catch {
    await killDirectory(source, path);
    return null;
  }
}

/** Ends what was forgotten: the process that was to end it was killed. */
export async function endForgotten(source: EnclosureSource, parent: string, nowMs: number): Promise<void> {
  const { fs } = source;
  const isForgotten = (path: string) => {
    try {
      const madeMs = Deno.statSync(fs.locate(path)).mtime?.getTime() ?? nowMs;
      return nowMs - madeMs > FORGOTTEN_AFTER_MS;
    } catch {
      return false;
    }
  };
  const paths = fs.children(parent).filter((name) => jobOfOnEndDirectory(name) !== null)
    .map((name) => `${parent}/${name}`);
  for (const path of paths.filter(isForgotten)) await killDirectory(source, path);
}

/** True when it is gone. */
async function killDirectory(source: EnclosureSource, path: string): Promise<boolean> {
  return await poll(() => {
    try {
      Deno.removeSync(source.fs.locate(path));
      return true;
    } catch (error) {
      if (isVanished(error)) return true;
      killAllIn(source, path);
      return false;
    }
  }, END_CAP_MS);
}

/** Without cgroup.kill (Linux < 5.14) one by one, until nothing is left. What lies in it nested is killed by cgroup.kill alone. */
function killAllIn({ fs, procs }: EnclosureSource, path: string): void {
  try {
    Deno.writeTextFileSync(fs.locate(path, "cgroup.kill"), "1", { create: false });
  } catch {
    const pids = (fs.readOptional(path, "cgroup.procs") ?? "").split("\n").filter((line) => line !== "");
    for (const pid of pids.map(Number).filter(isSinglePid)) killMember({ fs, procs }, path, pid);
  }
}

/** Opened first and looked at then: a process that was given the pid since the list was read is not in the cgroup, and is left alone. */
function killMember({ procs }: EnclosureSource, path: string, pid: number): void {
  try {
    using held = openPidfd(pid, procs);
    if (held !== null && procs.isIn(path, pid)) held.signal(SIGKILL);
  } catch {
    // The removal that follows finds out, and tries again.
  }
}
