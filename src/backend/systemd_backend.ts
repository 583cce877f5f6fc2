/**
 * Jobs under systemd: corral.slice/corral-ID.slice carries limits and accounting, corral-ID.scope in it the processes. The scope
 * vanishes with its last process; the slice, and every counter, stays until it is stopped.
 */
import { waitForEvents } from "../cgroup/events.ts";
import { isForbidden } from "../base/errno.ts";
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { crashPoint } from "../base/crash_point.ts";
import { SetupError } from "../base/errors.ts";
import type { Procs } from "../linux/proc.ts";
import type { Systemd } from "../systemd/manager.ts";
import {
  guardScopeName,
  jobOfGuardScope,
  type JobUnits,
  scopeName,
  sliceName,
} from "../systemd/unit_properties.ts";
import type { CgroupRecord, JobSpec, Limits } from "../job/job.ts";
import { type JobResult, SystemdRefusal, SystemdSilence } from "../systemd/connection.ts";
import { poll } from "../base/poll.ts";
import {
  type Backend,
  backstopMs,
  listJobCgroups,
  moveIn,
  type NamedCgroup,
  type Refused,
} from "./backend.ts";

/** From the stop of the slice to the removal of its cgroup. */
const REMOVE_CAP_MS = 10_000;
/** From a request whose answer got lost to the arrival of the process. */
const ARRIVAL_CAP_MS = 5_000;
const UNIT_EXISTS = "org.freedesktop.systemd1.UnitExists";
const NO_SUCH_UNIT = "org.freedesktop.systemd1.NoSuchUnit";
/** The kernel's own data of the scope's cgroup are charged to the slice: with less, its mkdir fails with ENOMEM (Linux 5.11). */
const SCOPE_BYTES = 1_048_576;
const DROP_IN = "50-corral-timeout.conf";

/** Slice and scope, made and removed by systemd. */
export class SystemdBackend implements Backend {
  readonly name = "systemd";
  /** The job whose units systemd was asked to make, without an answer. */
  #unanswered: string | null = null;

  /** @param managerPath the manager's own cgroup: / or /user.slice/user-1000.slice/user@1000.service */
  constructor(
    readonly fs: CgroupFs,
    readonly procs: Procs,
    readonly systemd: Systemd,
    readonly managerPath: string,
  ) {}

  prepare(): void {
    void this.fs.hastenMove();
    this.systemd.hold();
  }

  controllers(): Set<string> {
    return this.fs.controllers(this.managerPath);
  }

  remedyFor(controller: string): string {
    // What the kernel does not offer at all cannot be delegated either.
    if (this.systemd.runtimeDir === null || !this.fs.controllers("/").has(controller)) {
      return `boot with systemd.unified_cgroup_hierarchy=1 and without cgroup_disable=${controller}`;
    }
    return `as root: mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' ` +
      `> /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload, then log in again`;
  }

  async place(spec: JobSpec, pid: number, guardPid: number | null): Promise<OwnedCgroup> {
    const units: JobUnits = {
      id: spec.id,
      pid,
      guardPid,
      // Escape codes in a name must not reach the journal.
      description: `corral job ${spec.id}`,
      limits: spec.limits,
      graceMs: spec.graceMs,
      backstopMs: backstopMs(spec.timeoutMs, spec.graceMs),
    };
    const result = await this.#told(
      "systemd did not make the job's units",
      () => this.#start(units),
    );
    const path = await this.#arrival(spec, pid, result);
    try {
      const cgroup = this.fs.own({ path, inode: this.fs.inode(path) ?? 0 }, spec.id);
      // A corral that could not end the job must not start it: a read-only mount (containers) shows only at a write.
      cgroup.write("cgroup.freeze", "0");
      return cgroup;
    } catch (error) {
      await this.#stopSlice(spec.id);
      throw error;
    }
  }

  isGuardPlaced(id: string, guardPid: number): boolean {
    return this.procs.cgroupPath(guardPid)?.endsWith(`/corral.slice/${guardScopeName(id)}`) ?? false;
  }

  /** A scope goes with its last process. */
  removeGuards(): boolean {
    return true;
  }
  leaveGuard(): void {}

  async stopGuards(isLive: (id: string) => boolean): Promise<void> {
    const ids = this.fs.children(this.#parent).map(jobOfGuardScope).filter((id) =>
      id !== null && !isLive(id)
    );
    for (const id of ids) await this.#stopEmptyGuard(id!);
  }

  /** A scope with a process is a guard at work. */
  async #stopEmptyGuard(id: string): Promise<void> {
    const events = this.fs.readOptional(`${this.#parent}/${guardScopeName(id)}`, "cgroup.events");
    if (!/^populated 0$/m.test(events ?? "")) return;
    try {
      await this.systemd.stopUnit(guardScopeName(id));
    } catch (error) {
      // Gone meanwhile, or left to the next sweep.
      if (!(error instanceof SystemdRefusal)) throw error;
    }
  }

  async attach(cgroup: OwnedCgroup, pids: readonly number[]): Promise<Refused[]> {
    const refused = moveIn(cgroup, scopeName(cgroup.id), pids);
    const isForManager = ({ error }: typeof refused[number]) =>
      this.systemd.runtimeDir !== null && isForbidden(error.cause);
    return [
      ...refused.filter((one) => !isForManager(one)).map(({ pid, error }) => ({
        pid,
        because: error.message,
      })),
      ...await this.#attachByManager(cgroup, refused.filter(isForManager).map(({ pid }) => pid)),
    ];
  }

  /** All at once; when that is refused, half by half: it may be for one that has ended. */
  async #attachByManager(cgroup: OwnedCgroup, pids: readonly number[]): Promise<Refused[]> {
    if (pids.length === 0) return [];
    try {
      await this.systemd.attach(
        `${cgroup.path.slice(this.managerPath.length)}/${scopeName(cgroup.id)}`,
        pids,
      );
      return [];
    } catch (error) {
      if (!(error instanceof SystemdRefusal)) throw error;
      if (error.errorName === null) throw this.#refused("systemd did not move the processes", error.message);
      if (pids.length === 1) {
        return this.procs.stat(pids[0]!) === null ? [] : [{ pid: pids[0]!, because: error.message }];
      }
    }
    const left = pids.filter((pid) => this.procs.stat(pid) !== null);
    const half = Math.ceil(left.length / 2);
    return [
      ...await this.#attachByManager(cgroup, left.slice(0, half)),
      ...await this.#attachByManager(cgroup, left.slice(half)),
    ];
  }

  async discard(id: string): Promise<void> {
    if (this.#unanswered !== id) return;
    try {
      const record = this.find(id);
      // What has processes is not what was made for the one that is gone.
      const isEmpty = record === null ||
        await waitForEvents(this.fs.own(record, id), (events) => !events.populated, { capMs: REMOVE_CAP_MS });
      // Also without a cgroup: the first request may still be waiting, and is carried out before this one.
      if (isEmpty) await this.#stopSlice(id);
    } catch {
      // Still no answer: the empty slice is left to a sweep.
    }
  }

  async clear(id: string): Promise<void> {
    await this.#told(`systemd did not stop ${sliceName(id)}`, () => this.#stopSlice(id));
    await this.#stopEmptyGuard(id);
    this.#removeDropIn(id);
  }

  get #parent(): string {
    return `${this.managerPath === "/" ? "" : this.managerPath}/corral.slice`;
  }

  list(): NamedCgroup[] {
    return listJobCgroups(this.fs, this.#parent, (name) => /^corral-(\w+)\.slice$/.exec(name)?.[1]);
  }

  find(id: string): CgroupRecord | null {
    const path = `${this.#parent}/${sliceName(id)}`;
    const inode = this.fs.inode(path);
    return inode === null ? null : { path, inode };
  }

  async setLimits(cgroup: OwnedCgroup, limits: Limits): Promise<void> {
    await this.#told(
      `systemd refused the limits of ${sliceName(cgroup.id)}`,
      () => this.systemd.setLimits(cgroup.id, limits),
    );
  }

  async setBackstop(spec: JobSpec, sinceStartMs: number | null): Promise<void> {
    const directory = this.systemd.dropInDirectory(scopeName(spec.id));
    const runtimeMax = sinceStartMs === null ? "infinity" : `${Math.ceil(sinceStartMs)}ms`;
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(`${directory}/${DROP_IN}`, `[Scope]\nRuntimeMaxSec=${runtimeMax}\n`);
    await this.#told("systemd did not take the new deadline", () => this.systemd.reload());
  }

  async remove(cgroup: OwnedCgroup): Promise<void> {
    const id = cgroup.id;
    // First: it is the cgroup that brings the next sweep here, should this one not come to its end.
    this.#removeDropIn(id);
    await this.#stopSlice(id);
    await this.#stopEmptyGuard(id);
    crashPoint("removal: slice stopped");
    let isLeftToUs = false;
    const isGone = () => {
      if (!cgroup.exists()) return true;
      // What a job nested deeper than PATH_MAX systemd leaves behind.
      isLeftToUs ||= cgroup.paths().length > 1;
      return isLeftToUs && cgroup.remove();
    };
    if (await poll(isGone, REMOVE_CAP_MS)) return;
    throw new SetupError(
      `${sliceName(id)} is still there after its stop`,
      ["systemctl", ...this.systemd.toolFlags(), "stop", sliceName(id)].join(" "),
    );
  }

  describe(id: string): string {
    return `slice ${sliceName(id)}`;
  }

  /** The result, or that there was none: the units may be there nevertheless, or still be made. */
  async #start(units: JobUnits): Promise<JobResult> {
    try {
      return await this.systemd.startJob(units);
    } catch (error) {
      if (error instanceof SystemdRefusal && error.errorName === UNIT_EXISTS && await this.#arrives(units)) {
        return "done";
      }
      if (!(error instanceof SystemdSilence)) throw error;
      this.#unanswered = units.id;
      return error.message;
    }
  }

  /** The first request reached a manager that then re-executed itself; the units are made after that, without a further word. */
  async #arrives({ id, pid }: JobUnits): Promise<boolean> {
    return await poll(
      () => this.procs.cgroupPath(pid)?.endsWith(`/${scopeName(id)}`) ?? false,
      ARRIVAL_CAP_MS,
    );
  }

  /** Trusts the kernel, not systemd's word: where is the process now? Gives the slice's cgroup. */
  async #arrival({ id, limits }: JobSpec, pid: number, result: JobResult): Promise<string> {
    const scopePath = this.procs.cgroupPath(pid);
    const suffix = `/corral.slice/${sliceName(id)}/${scopeName(id)}`;
    if (scopePath?.endsWith(suffix)) return scopePath.slice(0, scopePath.lastIndexOf("/"));
    if (this.#unanswered !== id) await this.#stopSlice(id);
    if (limits.memoryMaxBytes !== null && limits.memoryMaxBytes < SCOPE_BYTES) {
      throw new SetupError("the memory limit is too small for any process to start", "give --memory more");
    }
    const where = scopePath === null ? "the process ended" : `it is in ${scopePath}`;
    throw this.#refused(
      `the command's process did not reach ${scopeName(id)}`,
      `${where} (systemd says: ${result})`,
    );
  }

  /** Already gone is as good. */
  async #stopSlice(id: string): Promise<void> {
    try {
      await this.systemd.stopSlice(id);
    } catch (error) {
      if (!(error instanceof SystemdRefusal)) throw error;
      if (error.errorName === NO_SUCH_UNIT) return;
      if (error.errorName === null) throw error;
      await this.#thawUnits(id);
      await this.systemd.stopSlice(id);
    }
  }

  /** systemd holds a unit for frozen from `systemctl freeze` to `systemctl thaw`, whatever the kernel does, and refuses to stop it. */
  async #thawUnits(id: string): Promise<void> {
    for (const unit of [scopeName(id), sliceName(id)]) {
      try {
        await this.systemd.thawUnit(unit);
      } catch (error) {
        // Not frozen, or gone: the second stop shows it.
        if (!(error instanceof SystemdRefusal)) throw error;
      }
    }
  }

  #removeDropIn(id: string): void {
    const directory = this.systemd.dropInDirectory(scopeName(id));
    for (const path of [`${directory}/${DROP_IN}`, directory]) {
      try {
        Deno.removeSync(path);
        crashPoint("removal: drop-in removed");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }

  async #told<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw error instanceof SystemdRefusal ? this.#refused(what, error.message) : error;
    }
  }

  #refused(what: string, why: string): SetupError {
    const status = ["systemctl", ...this.systemd.toolFlags(), "status"].join(" ");
    return new SetupError(`${what}: ${why}`, `see: ${status}; or use --backend cgroupfs`);
  }
}
