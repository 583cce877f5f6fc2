/**
 * Jobs without systemd: ROOT/corral/ID below the cgroup2 mount, made and removed by corral itself. ROOT is / for root, and the
 * topmost cgroup that was delegated to the caller for any other user. For a job in a job it is the cgroup of the outer one: because a cgroup
 * that hands on controllers may hold no processes (cgroup-v2.rst, "No Internal Process Constraint"), those of a job are in a leaf of it.
 */
import { isForbidden, isVanished } from "../base/errno.ts";
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { crashPoint } from "../base/crash_point.ts";
import { type CgroupError, SetupError } from "../base/errors.ts";
import { poll } from "../base/poll.ts";
import type { CgroupRecord, JobSpec, Limits } from "../job/job.ts";
import { guardDirectory, jobsOfCgroup, LEAVING_GUARDS, poolLevel, poolOfLevel } from "../job/names.ts";
import type { Pool } from "../job/pool.ts";
import { lastName } from "../base/path.ts";
import type { Procs } from "../linux/proc.ts";
import {
  type Backend,
  listJobCgroups,
  listNested,
  moveIn,
  type NamedCgroup,
  poolLimits,
  recordAt,
  recordOfNamed,
  type Refused,
  refuseInJob,
  refuseTooLittleMemory,
} from "./backend.ts";
import { encloseInDirectory, type Enclosure, endForgotten } from "./enclosure.ts";
import { guardsOver, leaveGuardDirectory, removeQuietly, wakeStopped } from "./leaving_guard.ts";
import { limitFiles, writeLimits } from "./limits_in_force.ts";

/** Kill is not exit: the last process may hold its cgroup a moment longer (systemd PR #23561). */
const REMOVE_CAP_MS = 10_000;

/** The child of a job's cgroup that holds its processes. No job id. */
const LEAF = "job";

/** Plain directories in cgroup2. */
export class CgroupfsBackend implements Backend {
  readonly name = "cgroupfs";

  /**
   * @param root cgroup below which `corral` is made, without a trailing slash: empty for the mount itself
   * @param pool the pool whose directory `root` is, to be made before a job of it
   */
  constructor(
    readonly fs: CgroupFs,
    readonly procs: Procs,
    readonly root: string,
    readonly pool: Pool | null = null,
  ) {}

  inPool(pool: Pool): CgroupfsBackend {
    if (this.#isNested) refuseInJob();
    return new CgroupfsBackend(this.fs, this.procs, `${this.parent}/${poolLevel(pool.name)}`, pool);
  }

  get parent(): string {
    return `${this.root}/corral`;
  }

  /** True when jobs are made in another job. */
  get #isNested(): boolean {
    return this.#top !== this.root;
  }

  /** The root of the outermost job. */
  get #top(): string {
    let { root } = this;
    for (let level = ownLevel(root); level !== null; level = ownLevel(root)) {
      root = root.slice(0, -`/corral/${level}`.length);
    }
    return root;
  }

  /** Beside the outermost job, where no end of a job reaches a guard. */
  get #guards(): string {
    return `${this.#top}/corral`;
  }

  prepare(): void {
    void this.fs.hastenMove();
  }

  controllers(): Set<string> {
    if (this.pool !== null) return new CgroupfsBackend(this.fs, this.procs, this.#top).controllers();
    // The outer job switches on whatever it has.
    if (this.#isNested) return this.fs.controllers(this.root);
    const enabled = this.fs.readOptional(this.root === "" ? "/" : this.root, "cgroup.subtree_control") ?? "";
    return new Set(enabled.split(/\s+/).filter((name) => name !== ""));
  }

  remedyFor(controller: string): string {
    const root = this.#top === "" ? "/" : this.#top;
    const directory = this.fs.locate(root);
    const offered = this.fs.controllers(root).has(controller);
    return offered
      ? `echo +${controller} > ${directory}/cgroup.subtree_control`
      : `mount the ${controller} controller on cgroup v2: boot with cgroup_no_v1=all (or systemd.unified_cgroup_hierarchy=1)`;
  }

  async place(spec: JobSpec, pid: number, guardPid: number | null): Promise<OwnedCgroup> {
    const path = `${this.parent}/${spec.id}`;
    try {
      this.#makeDirectory(path);
      crashPoint("launch: cgroup made");
    } catch (cause) {
      throw this.#refused(cause);
    }
    try {
      const cgroup = this.fs.own({ path, inode: this.fs.inode(path) ?? 0 }, spec.id);
      writeLimits(cgroup, spec.limits, { lift: false });
      // The job itself may make use of them too.
      this.#handOn(path);
      Deno.mkdirSync(this.fs.locate(`${path}/${LEAF}`));
      crashPoint("launch: limits set");
      // Side by side: each waits for the same grace period of the kernel.
      const guarded = guardPid === null ? null : this.#placeGuard(spec.id, guardPid);
      if (!cgroup.moveIn(pid, LEAF)) throw new Error("the command's process is gone");
      await guarded;
      return cgroup;
    } catch (cause) {
      for (const made of [`${path}/${LEAF}`, path]) this.#removeQuietly(made);
      refuseTooLittleMemory(spec.limits);
      throw this.#refused(cause);
    }
  }

  /** Its limits are the configuration's of now. */
  #makePool(pool: Pool): void {
    const limits = poolLimits(pool);
    const around = new CgroupfsBackend(this.fs, this.procs, this.#top);
    around.#makeParent();
    Deno.mkdirSync(this.fs.locate(this.root), { recursive: true });
    for (const { file, text, isLift } of limitFiles(limits)) {
      if (isLift && this.fs.readOptional(this.root, file) === null) continue;
      Deno.writeTextFileSync(this.fs.locate(this.root, file), text, { create: false });
    }
    this.#handOn(this.root);
  }

  /** The job's own, in what it lies in. The last job of a pool may take that away meanwhile: then once more. */
  #makeDirectory(path: string, isAgain = false): void {
    try {
      if (this.pool !== null) this.#makePool(this.pool);
      else if (this.#isNested) this.#handOn(this.root);
      this.#makeParent();
      // Fails for one that is there already: it is another job's, and stays.
      Deno.mkdirSync(this.fs.locate(path));
    } catch (error) {
      if (this.pool === null || isAgain || !isVanished(error)) throw error;
      this.#makeDirectory(path, true);
    }
  }

  async #placeGuard(id: string, pid: number): Promise<void> {
    const path = `${this.#guards}/${guardDirectory(id)}`;
    try {
      Deno.mkdirSync(this.fs.locate(path));
      await Deno.writeTextFile(this.fs.locate(path, "cgroup.procs"), String(pid), { create: false });
    } catch {
      // isGuardPlaced() finds out, and the launch goes on without.
    }
  }

  isGuardPlaced(id: string): boolean {
    return (this.fs.readOptional(`${this.#guards}/${guardDirectory(id)}`, "cgroup.procs") ?? "").trim() !==
      "";
  }

  removeGuards(isLive: (id: string) => boolean): boolean {
    return guardsOver(this.fs, this.#guards, isLive).map((path) => this.#removeQuietly(path)).every(Boolean);
  }

  async stopGuards(isLive: (id: string) => boolean): Promise<void> {
    for (const path of guardsOver(this.fs, this.#guards, isLive)) wakeStopped(this, path);
    // Made again by the next that needs it.
    removeQuietly(this, `${this.#guards}/${LEAVING_GUARDS}`);
    await endForgotten(this, this.#guards, Date.now());
  }

  leaveGuard(id: string): void {
    leaveGuardDirectory(this, `${this.#guards}/${guardDirectory(id)}`, `${this.#guards}/${LEAVING_GUARDS}`);
  }

  enclose(id: string, { pid }: { pid: number }): Promise<Enclosure | null> {
    return encloseInDirectory(this, this.#guards, { id, pid });
  }

  attach(cgroup: OwnedCgroup, pids: readonly number[]): Promise<Refused[]> {
    const refused = moveIn(cgroup, LEAF, pids);
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
    const inDirectory = (parent: string) => listJobCgroups(this.fs, parent, (name) => name);
    const pools = this.fs.children(this.parent).filter((name) => poolOfLevel(name) !== null);
    const tops = [this.parent, ...pools.map((name) => `${this.parent}/${name}/corral`)];
    return tops.flatMap((top) => listNested(inDirectory, top, (path) => `${path}/corral`));
  }

  find(id: string): CgroupRecord | null {
    // A launch in another job that was cut short recorded no path.
    return recordAt(this.fs, `${this.parent}/${id}`) ?? recordOfNamed(this.fs, this.list(), id);
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
    this.#removeQuietly(`${this.#guards}/${guardDirectory(cgroup.id)}`);
    if (isRemoved) return this.#removeEmptyPool();
    throw new SetupError("the job's cgroup stays busy", `rmdir ${this.fs.locate(cgroup.path)}`);
  }

  /** With the last job in it. EBUSY, ENOTEMPTY: there is another. */
  #removeEmptyPool(): void {
    if (poolOfLevel(lastName(this.root)) === null) return;
    if (this.#removeQuietly(this.parent)) this.#removeQuietly(this.root);
  }

  describe(_id: string, cgroup: OwnedCgroup): string {
    return `cgroup ${cgroup.path}`;
  }

  /** ROOT/corral. */
  #makeParent(): void {
    Deno.mkdirSync(this.fs.locate(this.parent), { recursive: true });
    this.#handOn(this.parent);
  }

  /** Switches on every controller that a cgroup is granted for what lies in it: for accounting as well as limits. */
  #handOn(path: string): void {
    const granted = this.fs.controllers(path);
    const wanted = ["cpu", "io", "memory", "pids"].filter((name) => granted.has(name)).map((name) =>
      `+${name}`
    );
    if (wanted.length > 0) {
      Deno.writeTextFileSync(this.fs.locate(path, "cgroup.subtree_control"), wanted.join(" "));
    }
  }

  #removeQuietly(path: string): boolean {
    return removeQuietly(this, path);
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

/** The name of the job or pool whose own cgroup this is; null for any other. */
function ownLevel(path: string): string | null {
  const name = lastName(path);
  if (poolOfLevel(name) !== null && path.endsWith(`/corral/${name}`)) return name;
  const innermost = jobsOfCgroup(path).at(-1);
  return innermost?.path === path && innermost.backend === "cgroupfs" ? innermost.id : null;
}
