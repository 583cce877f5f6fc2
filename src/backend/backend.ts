/** What the two ways of making a job's cgroup have in common. */
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { CgroupError, SetupError } from "../base/errors.ts";
import { unenforceable } from "./limits_in_force.ts";
import type { Enclosure } from "./enclosure.ts";
import { isJobId } from "../value/id.ts";
import type { Pool } from "../job/pool.ts";
import { type BackendName, type CgroupRecord, type JobSpec, type Limits, NO_LIMITS } from "../job/job.ts";

/** One way to make, limit and remove the cgroups of jobs. */
export interface Backend {
  readonly name: BackendName;
  /** The same, for jobs in a pool: its cgroup is made with its limits before the first. Throws SetupError in a job. */
  inPool(pool: Pool): Backend;
  /** Starts what `place` would have to wait for: to be called as early as possible, any number of times or not at all. */
  prepare(): void;
  /** The controllers a job's cgroup can have here. */
  controllers(): Set<string>;
  /** What to run so that jobs get `controller` here. */
  remedyFor(controller: string): string;
  /**
   * Makes the job's cgroup with its limits and moves the waiting process `pid` into it, and the job's guard into a cgroup beside it, or
   * beside the outermost job's: the guard outlives the end of each of them.
   * Throws SetupError; then nothing of the job's cgroup is left.
   */
  place(spec: JobSpec, pid: number, guardPid: number | null): Promise<OwnedCgroup>;
  /** True once the guard is in the cgroup that `place` made for it. */
  isGuardPlaced(id: string, guardPid: number): boolean;
  /**
   * Removes the cgroups of guards that have exited, of all jobs but the ones for which `isLive` holds; false when a guard is still leaving
   * its cgroup. Does not throw.
   */
  removeGuards(isLive: (id: string) => boolean): boolean;
  /**
   * As `removeGuards`, for units: systemd takes a guard that has died, and that its parent has not collected yet, into a scope that then never
   * empties (systemd 252, 257). Does not throw.
   */
  stopGuards(isLive: (id: string) => boolean): Promise<void>;
  /** Takes the guard of a job that is over, with whatever it started, out of the guard's cgroup and removes that. Does not throw. */
  leaveGuard(id: string): void;
  /** A cgroup of its own, with the process `first` in it, for what follows the end of job `id`; null where there can be none. Does not throw. */
  enclose(id: string, first: { pid: number; capMs: number }): Promise<Enclosure | null>;
  /**
   * Moves running processes into the job's cgroup. Returns the ones that stayed outside, without any that ended. Throws CgroupError,
   * SetupError.
   */
  attach(cgroup: OwnedCgroup, pids: readonly number[]): Promise<Refused[]>;
  /** When `place` has thrown and its process is gone: removes what may have been made for the job nevertheless. Does not throw. */
  discard(id: string): Promise<void>;
  /** Removes the units that may be left of a job whose cgroup is gone. Throws SetupError when systemd refuses. */
  clear(id: string): Promise<void>;
  /** Paths of the cgroups here that bear the name of some job, whatever store it is recorded in. */
  list(): NamedCgroup[];
  /** The cgroup that bears the job's name here, for a job whose launch was cut short before it was recorded; null when none. */
  find(id: string): CgroupRecord | null;
  /** Applies changed limits to a live job. Throws SetupError. */
  setLimits(cgroup: OwnedCgroup, limits: Limits): Promise<void>;
  /** Moves the deadline at which the service manager ends the job by itself, where there is one. */
  setBackstop(spec: JobSpec, sinceStartMs: number | null): Promise<void>;
  /** Removes the job's empty cgroup and its units. Throws SetupError when it stays. */
  remove(cgroup: OwnedCgroup): Promise<void>;
  /** Words for the start line: the slice or the cgroup. */
  describe(id: string, cgroup: OwnedCgroup): string;
}

/** What a pool's cgroup is limited to. */
export function poolLimits({ memoryBytes, cpus }: Pool): Limits {
  return { ...NO_LIMITS, memoryMaxBytes: memoryBytes, cpuMaxCores: cpus };
}

/** The pool as it can be enforced here. Throws SetupError where its limits cannot be, or warns with `bestEffort` and leaves them out. */
export function enforceablePool(
  pool: Pool,
  backend: Pick<Backend, "controllers" | "remedyFor">,
  { bestEffort, warn }: { bestEffort: boolean; warn: (line: string) => void },
): Pool {
  const missing = unenforceable(poolLimits(pool), backend.controllers());
  for (const { controller } of missing) {
    const message =
      `the limits of pool ${pool.name} cannot be enforced: the ${controller} controller is not available to jobs here`;
    if (!bestEffort) {
      throw new SetupError(message, `${backend.remedyFor(controller)}; or run without it: --best-effort`);
    }
    warn(`warning: ${message}`);
  }
  const isMissing = (key: string) => missing.some((one) => one.key === key);
  return {
    ...pool,
    memoryBytes: isMissing("memoryMaxBytes") ? null : pool.memoryBytes,
    cpus: isMissing("cpuMaxCores") ? null : pool.cpus,
  };
}

/** What refuses a pool in a job. */
export function refuseInJob(): never {
  throw new SetupError(
    "--pool does not go inside of a job, which has the room of that",
    "run without --pool",
  );
}

/** The kernel's own data of a cgroup are charged to the one above: with less, its mkdir fails with ENOMEM (Linux 5.11). */
const CGROUP_BYTES = 1_048_576;

/** Why no cgroup could be made in the job's, if its memory limit is that small. Throws SetupError. */
export function refuseTooLittleMemory({ memoryMaxBytes }: Limits): void {
  if (memoryMaxBytes === null || memoryMaxBytes >= CGROUP_BYTES) return;
  throw new SetupError("the memory limit is too small for any process to start", "give --memory more");
}

/** A process that could not be moved. */
export interface Refused {
  pid: number;
  because: string;
}

/** Moves processes by the kernel's own interface, one after the other. Returns the ones that the kernel refuses, each with its error. */
export function moveIn(
  cgroup: OwnedCgroup,
  below: string,
  pids: readonly number[],
): { pid: number; error: CgroupError }[] {
  return pids.flatMap((pid) => {
    try {
      cgroup.moveIn(pid, below);
      return [];
    } catch (error) {
      if (!(error instanceof CgroupError) || !cgroup.exists()) throw error;
      return [{ pid, error }];
    }
  });
}

/** A cgroup that bears the name of the job with this id. */
export interface NamedCgroup {
  id: string;
  path: string;
}

/** The children of `parent` whose name holds a job's id, as `idOf` reads it. */
export function listJobCgroups(
  fs: CgroupFs,
  parent: string,
  idOf: (name: string) => string | undefined,
): NamedCgroup[] {
  return fs.children(parent).flatMap((name) => {
    const id = idOf(name);
    return id !== undefined && isJobId(id) ? [{ id, path: `${parent}/${name}` }] : [];
  });
}

/** The jobs in `parent`, those in them, and so on: `children` lists the ones right in a directory, `inside` gives that of a job. */
export function listNested(
  children: (parent: string) => NamedCgroup[],
  parent: string,
  inside: (path: string) => string,
): NamedCgroup[] {
  const found = children(parent);
  // Not by recursion: a job can make directories of any names and depth.
  for (const { path } of found) found.push(...children(inside(path)));
  return found;
}

/** The cgroup at this path; null when there is none. */
export function recordAt(fs: CgroupFs, path: string): CgroupRecord | null {
  const inode = fs.inode(path);
  return inode === null ? null : { path, inode };
}

/** The one that bears the job's name; null when there is none. */
export function recordOfNamed(fs: CgroupFs, named: readonly NamedCgroup[], id: string): CgroupRecord | null {
  const path = named.find((one) => one.id === id)?.path;
  return path === undefined ? null : recordAt(fs, path);
}

/** Time systemd leaves corral to end an overdue job before it does so itself. */
export const BACKSTOP_MARGIN_MS = 5_000;

/** RuntimeMaxSec for a job, measured from its start: deadline, grace and margin; null without a timeout. */
export function backstopMs(timeoutMs: number | null, graceMs: number): number | null {
  return timeoutMs === null ? null : timeoutMs + graceMs + BACKSTOP_MARGIN_MS;
}
