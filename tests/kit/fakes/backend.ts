/** A backend over a CgroupDir: keeps a list of what it was asked to do. */
import type { OwnedCgroup } from "../../../src/cgroup/file.ts";
import type { BackendName, CgroupRecord, JobSpec, Limits } from "../../../src/job/job.ts";
import {
  type Backend,
  listJobCgroups,
  type NamedCgroup,
  type Refused,
} from "../../../src/backend/backend.ts";
import type { Pool } from "../../../src/job/pool.ts";
import type { Enclosure } from "../../../src/backend/enclosure.ts";
import type { CgroupDir } from "./cgroup_dir.ts";

export class FakeBackend implements Backend {
  readonly name: BackendName = "cgroupfs";
  readonly calls: string[] = [];
  /** What a new cgroup offers besides the core files. */
  files: Record<string, string> = {};
  /** Thrown by the next call of this name. */
  failures: Partial<
    Record<"place" | "setLimits" | "setBackstop" | "attach" | "remove" | "discard" | "clear", Error>
  > = {};

  /** What the kernel does with the first process. */
  onPlace: (pid: number) => void = () => {};
  /** What the kernel does with processes that are moved. */
  onAttach: (pids: readonly number[]) => Refused[] = () => [];

  constructor(readonly dir: CgroupDir, readonly there: readonly string[] = []) {}

  inPool({ name }: Pool): this {
    this.calls.push(`inPool ${name}`);
    return this;
  }

  /** Not noted: the launch does not depend on it. */
  prepare(): void {}

  controllers(): Set<string> {
    return new Set(this.there);
  }

  remedyFor(controller: string): string {
    return `remedy ${controller}`;
  }

  // deno-lint-ignore require-await
  async place(spec: JobSpec, pid: number, _guardPid: number | null): Promise<OwnedCgroup> {
    this.#note("place", `${pid} ${JSON.stringify(limitsOf(spec.limits))}`);
    this.onPlace(pid);
    return this.dir.fs.own(this.dir.add(`/corral/${spec.id}`, this.files), spec.id);
  }

  isGuardPlaced(): boolean {
    return true;
  }

  removeGuards(): boolean {
    return true;
  }
  stopGuards(): Promise<void> {
    return Promise.resolve();
  }
  leaveGuard(): void {}

  /** What follows a job has no cgroup here: it is ended by its session. */
  enclose(): Promise<Enclosure> {
    return Promise.resolve({ end: () => Promise.resolve(false) });
  }

  // deno-lint-ignore require-await
  async attach(_cgroup: OwnedCgroup, pids: readonly number[]): Promise<Refused[]> {
    this.#note("attach", pids.join(","));
    return this.onAttach(pids);
  }

  // deno-lint-ignore require-await
  async discard(id: string): Promise<void> {
    this.#note("discard", id);
  }

  // deno-lint-ignore require-await
  async clear(id: string): Promise<void> {
    this.#note("clear", id);
  }

  list(): NamedCgroup[] {
    return listJobCgroups(this.dir.fs, "/corral", (name) => name);
  }

  find(id: string): CgroupRecord | null {
    const path = `/corral/${id}`;
    const inode = this.dir.fs.inode(path);
    return inode === null ? null : { path, inode };
  }

  // deno-lint-ignore require-await
  async setLimits(_cgroup: OwnedCgroup, limits: Limits): Promise<void> {
    this.#note("setLimits", JSON.stringify(limitsOf(limits)));
  }

  // deno-lint-ignore require-await
  async setBackstop(_spec: JobSpec, sinceStartMs: number | null): Promise<void> {
    this.#note("setBackstop", String(sinceStartMs));
  }

  // deno-lint-ignore require-await
  async remove(cgroup: OwnedCgroup): Promise<void> {
    this.#note("remove", cgroup.path);
    if (cgroup.exists()) this.dir.vanish(cgroup.path);
  }

  describe(_id: string, cgroup: OwnedCgroup): string {
    return `cgroup ${cgroup.path}`;
  }

  #note(name: keyof FakeBackend["failures"], detail: string): void {
    this.calls.push(`${name} ${detail}`);
    const failure = this.failures[name];
    delete this.failures[name];
    if (failure) throw failure;
  }
}

/** Only the limits that there are. */
function limitsOf(limits: Limits): Partial<Limits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== null));
}
