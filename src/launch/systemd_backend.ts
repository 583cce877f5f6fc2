/**
 * Jobs under systemd: corral.slice/corral-ID.slice carries limits and accounting, corral-ID.scope in it the processes. The scope
 * vanishes with its last process; the slice, and every counter, stays until it is stopped.
 */
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { SetupError } from "../errors.ts";
import type { Procs } from "../host/proc.ts";
import { scopeName, sliceName, type Systemd } from "../host/systemd.ts";
import type { CgroupRecord, JobSpec, Limits } from "../job/job.ts";
import { poll } from "../host/poll.ts";
import { type Backend, backstopMs } from "./backend.ts";

/** From the call to the process's arrival in its scope: milliseconds, more when hundreds start at once. */
const PLACE_CAP_MS = 30_000;
/** From the stop of the slice to the removal of its cgroup. */
const REMOVE_CAP_MS = 10_000;
const DROP_IN = "50-corral-timeout.conf";

export class SystemdBackend implements Backend {
  readonly name = "systemd";

  /** @param managerPath the manager's own cgroup: / or /user.slice/user-1000.slice/user@1000.service */
  constructor(
    readonly fs: CgroupFs,
    readonly procs: Procs,
    readonly systemd: Systemd,
    readonly managerPath: string,
  ) {}

  controllers(): Set<string> {
    return this.fs.controllers(this.managerPath);
  }

  mendFor(controller: string): string {
    if (this.systemd.runtimeDir === null) {
      return `boot with systemd.unified_cgroup_hierarchy=1 and without cgroup_disable=${controller}`;
    }
    return `as root: mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' ` +
      `> /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload, then log in again`;
  }

  async place(spec: JobSpec, pid: number): Promise<OwnedCgroup> {
    const result = await this.systemd.startJob({
      id: spec.id,
      pid,
      // Escape codes in a name must not reach the journal.
      description: `corral job ${spec.id}`,
      limits: spec.limits,
      graceMs: spec.graceMs,
      backstopMs: backstopMs(spec.timeoutMs, spec.graceMs),
    });
    if (result.code !== 0) throw this.#refused("systemd refused to make the job's units", result.stderr);
    const scopePath = await this.#arrival(spec.id, pid);
    const path = scopePath.slice(0, scopePath.lastIndexOf("/"));
    return this.fs.own({ path, inode: this.fs.inode(path) ?? 0 }, spec.id);
  }

  find(id: string): CgroupRecord | null {
    const path = `${this.managerPath === "/" ? "" : this.managerPath}/corral.slice/${sliceName(id)}`;
    const inode = this.fs.inode(path);
    return inode === null ? null : { path, inode };
  }

  async setLimits(cgroup: OwnedCgroup, limits: Limits): Promise<void> {
    const result = await this.systemd.setLimits(cgroup.id, limits);
    if (result.code !== 0) {
      throw this.#refused(`systemd refused the limits of ${sliceName(cgroup.id)}`, result.stderr);
    }
  }

  async setBackstop(spec: JobSpec, sinceStartMs: number | null): Promise<void> {
    const directory = this.systemd.dropInDirectory(scopeName(spec.id));
    const runtimeMax = sinceStartMs === null ? "infinity" : `${Math.ceil(sinceStartMs)}ms`;
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(`${directory}/${DROP_IN}`, `[Scope]\nRuntimeMaxSec=${runtimeMax}\n`);
    const result = await this.systemd.reload();
    if (result.code !== 0) throw this.#refused("systemd did not take the new deadline", result.stderr);
  }

  async remove(cgroup: OwnedCgroup): Promise<void> {
    const id = cgroup.id;
    const result = await this.systemd.stopSlice(id);
    this.#removeDropIn(id);
    const gone = await poll(() => !cgroup.exists(), REMOVE_CAP_MS);
    if (!gone) {
      throw new SetupError(
        `${sliceName(id)} is still there after its stop${result.stderr === "" ? "" : `: ${result.stderr}`}`,
        `systemctl ${this.systemd.userFlag().join(" ")} stop ${sliceName(id)}`,
      );
    }
  }

  describe(id: string): string {
    return `slice ${sliceName(id)}`;
  }

  async #arrival(id: string, pid: number): Promise<string> {
    const suffix = `/corral.slice/${sliceName(id)}/${scopeName(id)}`;
    let path: string | null = null;
    const arrived = await poll(() => {
      path = this.procs.cgroupPath(pid);
      return path === null || path.endsWith(suffix);
    }, PLACE_CAP_MS);
    if (arrived && path !== null) return path;
    await this.systemd.stopSlice(id);
    throw this.#refused(
      `systemd made ${scopeName(id)} but the command's process did not reach it`,
      path === null ? "the process ended" : `it is in ${path}`,
    );
  }

  #removeDropIn(id: string): void {
    const directory = this.systemd.dropInDirectory(scopeName(id));
    try {
      Deno.removeSync(`${directory}/${DROP_IN}`);
      Deno.removeSync(directory);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #refused(what: string, stderr: string): SetupError {
    const user = this.systemd.runtimeDir !== null;
    return new SetupError(
      `${what}: ${stderr === "" ? "no reason given" : stderr.split("\n")[0]}`,
      user
        ? "see: systemctl --user status; or use --backend cgroupfs"
        : "see: systemctl status; or use --backend cgroupfs",
    );
  }
}
