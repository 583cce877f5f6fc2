/**
 * Jobs under systemd: corral.slice/corral-ID.slice carries limits and accounting, corral-ID.scope in it the processes. The scope
 * vanishes with its last process; the slice, and every counter, stays until it is stopped. A job in a job has its slice in that one's:
 * corral-OUTER.slice/corral-OUTER-ID.slice.
 */
import { waitForEvents } from "../cgroup/events.ts";
import { isForbidden } from "../base/errno.ts";
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { crashPoint } from "../base/crash_point.ts";
import { SetupError } from "../base/errors.ts";
import type { Procs } from "../linux/proc.ts";
import { type Systemd, UNIT_EXISTS } from "../systemd/manager.ts";
import { jobDescription } from "../systemd/unit_description.ts";
import { guardScopeName, type JobUnits, scopeName, sliceName } from "../systemd/unit_properties.ts";
import type { CgroupRecord, JobSpec, Limits } from "../job/job.ts";
import { bearsName, jobOfGuardScope, jobsOfSlice, poolLevel } from "../job/names.ts";
import type { Pool } from "../job/pool.ts";
import { type JobResult, SystemdRefusal, SystemdSilence } from "../systemd/connection.ts";
import { poll } from "../base/poll.ts";
import { stopIfEmpty, stopSlice, thawUnits, unitOf, unitsIn } from "./stop_slice.ts";
import { attachByManager } from "./attach_by_manager.ts";
import { wakeStopped } from "./leaving_guard.ts";
import { encloseByManager, type Enclosure } from "./enclosure.ts";
import { makePoolSlice, poolSlices } from "./pool_slice.ts";
import { clearly, refuseOutside } from "./out_of_reach.ts";
import { removeDropIn, writeDropIn } from "./backstop_drop_in.ts";
import {
  type Backend,
  backstopMs,
  listJobCgroups,
  listNested,
  moveIn,
  type NamedCgroup,
  recordAt,
  recordOfNamed,
  type Refused,
  refuseInJob,
  refuseTooLittleMemory,
} from "./backend.ts";

/** From the stop of the slice to the removal of its cgroup. */
const REMOVE_CAP_MS = 10_000;
/** From a request whose answer got lost to the arrival of the process. */
const ARRIVAL_CAP_MS = 5_000;

/** Slice and scope, made and removed by systemd. */
export class SystemdBackend implements Backend {
  readonly name = "systemd";
  /** The job whose units systemd was asked to make, without an answer. */
  #unanswered: string | null = null;

  /**
   * @param managerPath the manager's own cgroup: / or /user.slice/user-1000.slice/user@1000.service
   * @param outer levels in which jobs are made, outermost first: ids of jobs, or that of a pool
   * @param pool the pool whose slice is to be there before a job of it
   */
  constructor(
    readonly fs: CgroupFs,
    readonly procs: Procs,
    readonly systemd: Systemd,
    readonly managerPath: string,
    readonly outer: readonly string[] = [],
    readonly pool: Pool | null = null,
  ) {}

  inPool(pool: Pool): SystemdBackend {
    if (this.outer.length > 0) refuseInJob();
    const { fs, procs, systemd, managerPath } = this;
    return new SystemdBackend(fs, procs, systemd, managerPath, [poolLevel(pool.name)], pool);
  }

  /** The same manager, for jobs in other ones. */
  within(outer: readonly string[]): SystemdBackend {
    return new SystemdBackend(this.fs, this.procs, this.systemd, this.managerPath, outer);
  }

  /** The slice of the supervisor of a detached job: a process of the outer job. */
  get supervisorSlice(): string {
    const innermost = this.outer.at(-1);
    return innermost === undefined || this.pool !== null
      ? "corral.slice"
      : sliceName(innermost, this.outer.slice(0, -1));
  }

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
    if (this.pool !== null) {
      const { pool } = this;
      await this.#told(
        `systemd did not make the slice of pool ${pool.name}`,
        () => makePoolSlice(this, pool),
      );
    }
    const units: JobUnits = {
      id: spec.id,
      pid,
      guardPid,
      outer: this.outer,
      description: jobDescription(spec),
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
      refuseOutside(path);
      const cgroup = this.fs.own({ path, inode: this.fs.inode(path) ?? 0 }, spec.id);
      // A corral that could not end the job must not start it: a read-only mount (containers) shows only at a write.
      cgroup.write("cgroup.freeze", "0");
      return cgroup;
    } catch (error) {
      await this.#stopSlice(spec.id);
      throw clearly(error, this.fs);
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
    const ids = this.fs.children(this.top).map(jobOfGuardScope).filter((id) => id !== null && !isLive(id));
    for (const id of ids) {
      wakeStopped(this, `${this.top}/${guardScopeName(id!)}`);
      await this.#stopEmptyGuard(id!);
    }
  }

  async #stopEmptyGuard(id: string): Promise<void> {
    await stopIfEmpty(this.systemd, this.fs, `${this.top}/${guardScopeName(id)}`);
  }

  enclose(id: string, first: { pid: number; capMs: number }): Promise<Enclosure | null> {
    return encloseByManager(this, id, first);
  }

  async attach(cgroup: OwnedCgroup, pids: readonly number[]): Promise<Refused[]> {
    const below = `${cgroup.path.slice(this.managerPath.length)}/${scopeName(cgroup.id)}`;
    const refused = moveIn(cgroup, scopeName(cgroup.id), pids);
    const isForManager = ({ error }: typeof refused[number]) =>
      this.systemd.runtimeDir !== null && isForbidden(error.cause);
    return [
      ...refused.filter((one) => !isForManager(one)).map(({ pid, error }) => ({
        pid,
        because: error.message,
      })),
      ...await this.#told(
        "systemd did not move the processes",
        () => attachByManager(this, below, refused.filter(isForManager).map(({ pid }) => pid)),
      ),
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
    await this.#told(`systemd did not stop ${this.#sliceOf(id)}`, () => this.#stopSlice(id));
    await this.#stopEmptyGuard(id);
    removeDropIn(this.systemd.dropInDirectory(scopeName(id)));
  }

  /** In which all slices of jobs lie. */
  get top(): string {
    return `${this.managerPath === "/" ? "" : this.managerPath}/corral.slice`;
  }

  /** The slice of a job that is made here. */
  #sliceOf(id: string): string {
    return sliceName(id, this.outer);
  }

  list(): NamedCgroup[] {
    const jobsIn = (parent: string) => listJobCgroups(this.fs, parent, (name) => jobsOfSlice(name).at(-1));
    const tops = [this.top, ...poolSlices(this.fs, this.top)];
    return tops.flatMap((top) => listNested(jobsIn, top, (path) => path)).filter(({ id, path }) =>
      bearsName(path, id)
    );
  }

  find(id: string): CgroupRecord | null {
    const direct = `${this.top}/${sliceName(id, [])}`;
    // A launch in another job that was cut short recorded no path.
    return recordAt(this.fs, direct) ?? recordOfNamed(this.fs, this.list(), id);
  }

  async setLimits(cgroup: OwnedCgroup, limits: Limits): Promise<void> {
    await this.#told(
      `systemd refused the limits of ${unitOf(cgroup)}`,
      () => this.systemd.setLimits(unitOf(cgroup), limits),
    );
  }

  async setBackstop(spec: JobSpec, sinceStartMs: number | null): Promise<void> {
    writeDropIn(this.systemd.dropInDirectory(scopeName(spec.id)), sinceStartMs);
    await this.#told("systemd did not take the new deadline", () => this.systemd.reload());
  }

  async remove(cgroup: OwnedCgroup): Promise<void> {
    const id = cgroup.id;
    // First: it is the cgroup that brings the next sweep here, should this one not come to its end.
    removeDropIn(this.systemd.dropInDirectory(scopeName(id)));
    // Those of jobs in this one: systemd takes the stop of the outer slice, and leaves one that it holds for frozen where it is (257).
    await thawUnits(this.systemd, unitsIn(cgroup));
    await stopSlice(this.systemd, unitOf(cgroup), () => [scopeName(id)]);
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
      `${unitOf(cgroup)} is still there after its stop`,
      ["systemctl", ...this.systemd.toolFlags(), "stop", unitOf(cgroup)].join(" "),
    );
  }

  describe(_id: string, cgroup: OwnedCgroup): string {
    return `slice ${unitOf(cgroup)}`;
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
    const suffix = `/${this.#sliceOf(id)}/${scopeName(id)}`;
    const slicePath = scopePath?.slice(0, scopePath.lastIndexOf("/")) ?? "";
    // The whole way of slices, as it is named.
    if (scopePath?.endsWith(suffix) && bearsName(slicePath, id)) return slicePath;
    if (this.#unanswered !== id) await this.#stopSlice(id);
    refuseTooLittleMemory(limits);
    const where = scopePath === null ? "the process ended" : `it is in ${scopePath}`;
    throw this.#refused(
      `the command's process did not reach ${scopeName(id)}`,
      `${where} (systemd says: ${result})`,
    );
  }

  async #stopSlice(id: string): Promise<void> {
    await stopSlice(this.systemd, this.#sliceOf(id), () => [scopeName(id)]);
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
