/**
 * The only opener of cgroupfs. Any code may read; only an OwnedCgroup may be written to, and one is handed out only for a
 * directory that lies under corral's own root, bears the job's id, has the recorded inode and does not hold corral itself.
 *
 * Paths are those of /proc/PID/cgroup: absolute below the cgroup2 mount, such as /corral.slice/corral-7k2m9q.slice.
 */
import { readKernelText } from "../base/kernel_file.ts";
import { crashPoint } from "../base/crash_point.ts";
import { errorCode, isForbidden, isNoProcess, isSwitchedOff, isVanished } from "../base/errno.ts";
import { CgroupError, CgroupGoneError } from "../base/errors.ts";
import type { CgroupRecord } from "../job/job.ts";
import { bearsName, isPlain } from "../job/names.ts";
import { areAll, pidsBelow, removeBelow } from "./odd_names.ts";
import { withShortName } from "../linux/long_path.ts";
import { isSinglePid } from "../linux/pid.ts";

/** Reads of a cgroup2 mount, and the right to write to single cgroups of it. */
export class CgroupFs {
  /**
   * @param mount where cgroup2 is mounted, such as /sys/fs/cgroup
   * @param ownPath the cgroup that corral itself is in: never written to
   */
  constructor(readonly mount: string, readonly ownPath: string) {}

  /** Absolute file name of a cgroup's directory, or of a file in it. Throws CgroupError for a path with `.`, `..` or ``. */
  locate(path: string, file = ""): string {
    if (path !== "/" && !isPlain(path)) throw new CgroupError("is not a cgroup path", { path });
    if (file.includes("/")) throw new CgroupError(`has no file ${JSON.stringify(file)}`, { path });
    const directory = path === "/" ? this.mount : this.mount + path;
    return file === "" ? directory : `${directory}/${file}`;
  }

  /** The text of a control file. Throws CgroupError, also when it is missing. */
  read(path: string, file: string): string {
    const name = this.locate(path, file);
    try {
      return withShortName(name, readKernelText);
    } catch (cause) {
      throw new CgroupError("cannot read", { path: name, cause });
    }
  }

  /** The text of a control file, or null where the file or its cgroup does not exist (older kernel, controller or PSI off, vanished). */
  readOptional(path: string, file: string): string | null {
    const name = this.locate(path, file);
    try {
      return withShortName(name, readKernelText);
    } catch (cause) {
      if (isVanished(cause) || isSwitchedOff(cause)) return null;
      throw new CgroupError("cannot read", { path: name, cause });
    }
  }

  /** Inode of the cgroup's directory, or null when there is none. A symbolic link is no cgroup. */
  inode(path: string): number | null {
    try {
      const info = Deno.lstatSync(this.locate(path));
      return info.isDirectory ? info.ino : null;
    } catch (cause) {
      if (isVanished(cause)) return null;
      throw new CgroupError("cannot look at", { path: this.locate(path), cause });
    }
  }

  /** True when nothing at all is there. */
  isAbsent(path: string): boolean {
    try {
      Deno.lstatSync(this.locate(path));
      return false;
    } catch (cause) {
      return isVanished(cause);
    }
  }

  /** True when the control file exists here, whether or not it can be read. */
  offers(path: string, file: string): boolean {
    try {
      return Deno.lstatSync(this.locate(path, file)).isFile;
    } catch (cause) {
      if (isVanished(cause)) return false;
      throw new CgroupError("cannot look at", { path: this.locate(path, file), cause });
    }
  }

  /** Names of the child cgroups; none for a vanished cgroup. */
  children(path: string): string[] {
    try {
      return withShortName(this.locate(path), (name) => [...Deno.readDirSync(name)])
        .filter((entry) => entry.isDirectory).map((entry) => entry.name);
    } catch (cause) {
      if (isVanished(cause)) return [];
      throw new CgroupError("cannot list", { path: this.locate(path), cause });
    }
  }

  /** Controllers that a child of this cgroup could be given: its cgroup.controllers, or none. */
  controllers(path: string): Set<string> {
    return new Set(
      (this.readOptional(path, "cgroup.controllers") ?? "").split(/\s+/).filter((name) => name !== ""),
    );
  }

  /**
   * Has the kernel start now what the next move of a process between cgroups waits for: an RCU grace period of 5 to 15 ms
   * (cgroup_threadgroup_rwsem), which moves within about as much time share. corral moves its main thread to where it is. In
   * cgroup.threads nothing else can come of it: had corral been moved meanwhile, the kernel would refuse (EOPNOTSUPP, another domain).
   * Resolves when that time is over, or at once where this user may not write there: the move then waits itself.
   */
  async hastenMove(): Promise<void> {
    try {
      const name = this.locate(this.ownPath, "cgroup.threads");
      await Deno.writeTextFile(name, String(Deno.pid), { create: false });
    } catch {
      // Nothing depends on it.
    }
  }

  /** True when the recorded cgroup is still the one that was made for the job: name, place and inode. */
  isOwn(record: CgroupRecord, id: string): boolean {
    return isPlain(record.path) && bearsName(record.path, id) && this.inode(record.path) === record.inode;
  }

  /**
   * The right to write to a job's cgroup.
   * Throws CgroupError when the path is not one that corral makes for this id, its inode differs, or corral itself is inside;
   * CgroupGoneError when there is none.
   */
  own(record: CgroupRecord, id: string): OwnedCgroup {
    const refuse = (why: string) => new CgroupError(`refusing to touch: ${why}`, { path: record.path });
    if (!isPlain(record.path) || !bearsName(record.path, id)) {
      throw refuse(`it does not bear the name of job ${id}`);
    }
    if (`${this.ownPath}/`.startsWith(`${record.path}/`)) throw refuse("corral itself is in it");
    const inode = this.inode(record.path);
    if (inode === null && this.isAbsent(record.path)) {
      throw new CgroupGoneError("the job's cgroup is gone", { path: record.path });
    }
    if (inode !== record.inode) throw refuse("it is not the cgroup that was made for this job");
    return new OwnedCgroup(this, record, id);
  }
}

/** A job's cgroup with the right to write to it and to whatever lies below it. Got from `CgroupFs.own()` only. */
export class OwnedCgroup {
  constructor(readonly fs: CgroupFs, readonly record: CgroupRecord, readonly id: string) {}

  get path(): string {
    return this.record.path;
  }

  /** True until the cgroup is removed or replaced. */
  exists(): boolean {
    return this.fs.isOwn(this.record, this.id);
  }

  /** Writes a control file of the job's cgroup. Identity is checked again at each write. Throws CgroupError. */
  write(file: string, value: string): void {
    const name = this.fs.locate(this.path, file);
    this.#mustExist(name);
    try {
      this.#unlocked(() => Deno.writeTextFileSync(name, value, { create: false }));
    } catch (cause) {
      throw new CgroupError(`cannot write ${JSON.stringify(value)}`, { path: name, cause });
    }
  }

  #mustExist(name: string): void {
    if (this.exists()) return;
    const Failure = this.fs.isAbsent(this.path) ? CgroupGoneError : CgroupError;
    throw new Failure("cannot write: the job's cgroup is gone", { path: name });
  }

  /** As `write`, but false when this kernel or cgroup has no such file. */
  writeOptional(file: string, value: string): boolean {
    if (!this.has(file)) return false;
    this.write(file, value);
    return true;
  }

  /** Moves a process, with all its threads, into this cgroup or its child `below`; false when it is gone. Throws CgroupError. */
  moveIn(pid: number, below = ""): boolean {
    if (!isSinglePid(pid)) throw new RangeError(`Cannot move process ${pid}`);
    const name = this.fs.locate(below === "" ? this.path : `${this.path}/${below}`, "cgroup.procs");
    this.#mustExist(name);
    try {
      Deno.writeTextFileSync(name, String(pid), { create: false });
      return true;
    } catch (cause) {
      if (isNoProcess(cause)) return false;
      throw new CgroupError(`cannot move process ${pid} in`, { path: name, cause });
    }
  }

  /** The text of a control file, or null when there is none. Throws CgroupError. */
  read(file: string): string | null {
    return this.#unlocked(() => this.fs.readOptional(this.path, file));
  }

  /** True when this kernel offers the control file here. */
  has(file: string): boolean {
    return this.#unlocked(() => this.fs.offers(this.path, file));
  }

  /** Pids in this cgroup and all below it, as cgroup.procs lists them (no zombies). */
  pids(): number[] {
    const paths = this.paths();
    const listed = paths.flatMap((path) => this.#pidsOf(path));
    if (areAll(paths.length - 1, this.read("cgroup.stat"))) return listed;
    return [...new Set([...listed, ...pidsBelow(this.fs.locate(this.path))])];
  }

  /** This cgroup and all below it, children before parents. */
  paths(): string[] {
    const found = [this.path];
    // Not by recursion: a job can nest them deeper than the stack.
    for (const path of found) {
      found.push(...this.#unlocked(() => this.fs.children(path)).map((child) => `${path}/${child}`));
    }
    return found.reverse();
  }

  /** Thaws what the job itself, or systemd on an admin's behalf, has frozen below this cgroup: what is frozen acts on no signal but KILL. */
  thawBelow(): void {
    for (const path of this.paths()) {
      if (path === this.path || this.fs.readOptional(path, "cgroup.freeze")?.trim() !== "1") continue;
      if (!this.exists()) return;
      const thaw = (name: string) => Deno.writeTextFileSync(name, "0", { create: false });
      try {
        this.#unlocked(() => withShortName(this.fs.locate(path, "cgroup.freeze"), thaw));
      } catch (cause) {
        if (!isVanished(cause)) throw new CgroupError("cannot thaw", { path, cause });
      }
    }
  }

  /** Removes this cgroup and all below it, children first. False when one is still busy (its last process is still leaving). */
  remove(): boolean {
    if (!this.exists()) return true;
    const paths = this.paths();
    if (!areAll(paths.length - 1, this.read("cgroup.stat"))) removeBelow(this.fs.locate(this.path));
    for (const path of paths) {
      try {
        this.#unlocked(() => withShortName(this.fs.locate(path), (name) => Deno.removeSync(name)));
        crashPoint("removal: cgroup removed");
      } catch (cause) {
        if (isVanished(cause)) continue;
        if (errorCode(cause) === "EBUSY") return false;
        throw new CgroupError("cannot remove", { path: this.fs.locate(path), cause });
      }
    }
    return true;
  }

  #pidsOf(path: string): number[] {
    const name = this.fs.locate(path, "cgroup.procs");
    try {
      const text = this.#unlocked(() => withShortName(name, readKernelText));
      return text.split("\n").filter((line) => line !== "").map(Number);
    } catch (cause) {
      // EOPNOTSUPP (95): a threaded cgroup; its processes are listed by the domain above it (cgroup-v2.rst, "Threads").
      if (isVanished(cause) || isSwitchedOff(cause)) return [];
      throw new CgroupError("cannot read", { path: name, cause });
    }
  }

  /** Runs `act`; when a user's job took away its own cgroup's permission bits (chmod 000), gives them back and runs it again. */
  #unlocked<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      const forbidden = isForbidden(error) || (error instanceof CgroupError && isForbidden(error.cause));
      if (!forbidden || !this.#restoreModes()) throw error;
      return act();
    }
  }

  /** Only what the caller owns can be given back, and only below the job's cgroup; true when anything was. */
  #restoreModes(): boolean {
    let changed = false;
    const restore = (name: string, mode: number) => {
      try {
        withShortName(name, (short) => Deno.chmodSync(short, mode));
        changed = true;
      } catch {
        // Not ours to change: the first error is reported.
      }
    };
    const directories = [this.fs.locate(this.path)];
    for (const directory of directories) {
      restore(directory, 0o755);
      for (const entry of withShortName(directory, (name) => [...Deno.readDirSync(name)])) {
        const name = `${directory}/${entry.name}`;
        if (entry.isDirectory) directories.push(name);
        else if (entry.isFile) restore(name, 0o644);
      }
    }
    return changed;
  }
}
