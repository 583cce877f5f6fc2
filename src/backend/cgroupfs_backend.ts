/**
 * Jobs without systemd: ROOT/corral/ID below the cgroup2 mount, made and removed by corral itself. ROOT is / for root, and the
 * topmost cgroup that was delegated to the caller for any other user.
 */
import { isForbidden, isVanished } from "../base/errno.ts";
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { crashPoint } from "../base/crash_point.ts";
import { type CgroupError, SetupError } from "../base/errors.ts";
import { poll } from "../base/poll.ts";
import type { CgroupRecord, JobSpec, Limits } from "../job/job.ts";
import { guardDirectory, jobOfGuardDirectory, LEAVING_GUARDS } from "../job/names.ts";
import { type Backend, listJobCgroups, moveIn, type NamedCgroup, type Refused } from "./backend.ts";
import { writeLimits } from "./limits_in_force.ts";

/** Kill is not exit: the last process may hold its cgroup a moment longer (systemd PR #23561). */
const REMOVE_CAP_MS = 10_000;

/** Plain directories in cgroup2. */
export class CgroupfsBackend implements Backend {
  readonly name = "cgroupfs";

  /** @param root cgroup below which `corral` is made, without a trailing slash: empty for the mount itself */
  constructor(readonly fs: CgroupFs, readonly root: string) {}

  get parent(): string {
    return `${this.root}/corral`;
  }

  prepare(): void {
    void this.fs.hastenMove();
  }

  controllers(): Set<string> {
    const enabled = this.fs.readOptional(this.root === "" ? "/" : this.root, "cgroup.subtree_control") ?? "";
    return new Set(enabled.split(/\s+/).filter((name) => name !== ""));
  }

  remedyFor(controller: string): string {
    const directory = this.fs.locate(this.root === "" ? "/" : this.root);
    const offered = this.fs.controllers(this.root === "" ? "/" : this.root).has(controller);
    return offered
      ? `echo +${controller} > ${directory}/cgroup.subtree_control`
      : `mount the ${controller} controller on cgroup v2: boot with cgroup_no_v1=all (or systemd.unified_cgroup_hierarchy=1)`;
  }

  async place(spec: JobSpec, pid: number, guardPid: number | null): Promise<OwnedCgroup> {
    const path = `${this.parent}/${spec.id}`;
    try {
      this.#makeParent();
      // Fails for one that is there already: it is another job's, and stays.
      Deno.mkdirSync(this.fs.locate(path));
      crashPoint("launch: cgroup made");
    } catch (cause) {
      throw this.#refused(cause);
    }
    try {
      const cgroup = this.fs.own({ path, inode: this.fs.inode(path) ?? 0 }, spec.id);
      writeLimits(cgroup, spec.limits, { lift: false });
      crashPoint("launch: limits set");
      // Side by side: each waits for the same grace period of the kernel.
      const guarded = guardPid === null ? null : this.#placeGuard(spec.id, guardPid);
      cgroup.write("cgroup.procs", String(pid));
      await guarded;
      return cgroup;
    } catch (cause) {
      this.#removeQuietly(path);
      throw this.#refused(cause);
    }
  }

  async #placeGuard(id: string, pid: number): Promise<void> {
    const path = `${this.parent}/${guardDirectory(id)}`;
    try {
      Deno.mkdirSync(this.fs.locate(path));
      await Deno.writeTextFile(this.fs.locate(path, "cgroup.procs"), String(pid), { create: false });
    } catch {
      // isGuardPlaced() finds out, and the launch goes on without.
    }
  }

  isGuardPlaced(id: string): boolean {
    return (this.fs.readOptional(`${this.parent}/${guardDirectory(id)}`, "cgroup.procs") ?? "").trim() !== "";
  }

  removeGuards(isLive: (id: string) => boolean): boolean {
    const over = this.fs.children(this.parent).filter((name) => {
      const id = jobOfGuardDirectory(name);
      return id !== null && !isLive(id);
    });
    return over.map((name) => this.#removeQuietly(`${this.parent}/${name}`)).every((isGone) => isGone);
  }

  stopGuards(): Promise<void> {
    return Promise.resolve();
  }

  leaveGuard(id: string, guardPid: number): void {
    const own = `${this.parent}/${guardDirectory(id)}`;
    // Empty when its supervisor died before it could move the guard there; the guard alone when it died while it did.
    if (this.#removeQuietly(own)) return;
    const inside = (this.fs.readOptional(own, "cgroup.procs") ?? "").split("\n");
    try {
      const path = `${this.parent}/${LEAVING_GUARDS}`;
      Deno.mkdirSync(this.fs.locate(path), { recursive: true });
      for (const pid of [guardPid, Deno.pid].map(String).filter((pid) => inside.includes(pid))) {
        Deno.writeTextFileSync(this.fs.locate(path, "cgroup.procs"), pid, { create: false });
      }
    } catch {
      // A sweep removes the guard's cgroup once it is empty.
    }
    this.#removeQuietly(own);
  }

  attach(cgroup: OwnedCgroup, pids: readonly number[]): Promise<Refused[]> {
    const refused = moveIn(cgroup, "", pids);
    const because = ({ message, cause }: CgroupError) =>
      isForbidden(cause)
        ? "it is outside of what is delegated to you: use --backend systemd, or root"
        : message;
    return Promise.resolve(refused.map(({ pid, error }) => ({ pid, because: because(error) })));
  }

  /** What `place` could not finish it has removed. */
  discard(): Promise<void> {
    return Promise.resolve();
  }

  /** There is nothing besides the cgroup. */
  clear(): Promise<void> {
    return Promise.resolve();
  }

  list(): NamedCgroup[] {
    return listJobCgroups(this.fs, this.parent, (name) => name);
  }

  find(id: string): CgroupRecord | null {
    const path = `${this.parent}/${id}`;
    const inode = this.fs.inode(path);
    return inode === null ? null : { path, inode };
  }

  // deno-lint-ignore require-await
  async setLimits(cgroup: OwnedCgroup, limits: Limits): Promise<void> {
    writeLimits(cgroup, limits, { lift: true });
  }

  /** Only corral ends a job here. */
  setBackstop(): Promise<void> {
    return Promise.resolve();
  }

  async remove(cgroup: OwnedCgroup): Promise<void> {
    const isRemoved = await poll(() => cgroup.remove(), REMOVE_CAP_MS);
    // Here too: a guard that was killed leaves its cgroup to whatever ends the job.
    this.#removeQuietly(`${this.parent}/${guardDirectory(cgroup.id)}`);
    if (isRemoved) return;
    throw new SetupError("the job's cgroup stays busy", `rmdir ${this.fs.locate(cgroup.path)}`);
  }

  describe(_id: string, cgroup: OwnedCgroup): string {
    return `cgroup ${cgroup.path}`;
  }

  /** ROOT/corral, with every controller its parent grants switched on for the jobs in it: for accounting as well as limits. */
  #makeParent(): void {
    Deno.mkdirSync(this.fs.locate(this.parent), { recursive: true });
    const granted = this.fs.controllers(this.parent);
    const wanted = ["cpu", "io", "memory", "pids"].filter((name) => granted.has(name)).map((name) =>
      `+${name}`
    );
    if (wanted.length > 0) {
      Deno.writeTextFileSync(this.fs.locate(this.parent, "cgroup.subtree_control"), wanted.join(" "));
    }
  }

  /** True when it is gone. EBUSY: a guard is still leaving; a directory that stays is removed by a sweep. */
  #removeQuietly(path: string): boolean {
    try {
      Deno.removeSync(this.fs.locate(path));
      return true;
    } catch (error) {
      return isVanished(error);
    }
  }

  #refused(cause: unknown): SetupError {
    const remedy = Deno.uid() === 0
      ? "see: corral doctor"
      : "have a cgroup delegated to you, or use the systemd backend: corral doctor";
    return new SetupError(
      `cannot make the job's cgroup: ${cause instanceof Error ? cause.message : cause}`,
      remedy,
      cause,
    );
  }
}
