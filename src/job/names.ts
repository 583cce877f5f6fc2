/**
 * The job of a cgroup, by its path alone: names that corral makes, whatever store the job is in. Pure.
 *
 * A job lies in `corral.slice/corral-ID.slice` (systemd) or `corral/ID` (cgroupfs), and a job that was started in a job below that one's:
 * `corral.slice/corral-OUTER.slice/corral-OUTER-ID.slice` (slices nest by their names) or `corral/OUTER/corral/ID`.
 */
import { lastName } from "../base/path.ts";
import { isJobId } from "../value/id.ts";
import { isPoolName } from "./pool.ts";
import type { BackendName } from "./job.ts";

/** The cgroup that was made for a job. */
export interface JobPlace {
  id: string;
  path: string;
  backend: BackendName;
}

/** The jobs that a cgroup belongs to, each in the one before it: their own cgroups, at or above the path. */
export function jobsOfCgroup(path: string | null): JobPlace[] {
  const found: JobPlace[] = [];
  if (path === null) return found;
  for (let end = 0; end !== -1;) {
    end = path.indexOf("/", end + 1);
    const place = placeAt(end === -1 ? path : path.slice(0, end));
    if (place !== null) found.push(place);
  }
  return found;
}

/** The job that a cgroup belongs to; the innermost for a job in a job, null for none. */
export function jobOfCgroup(path: string | null): string | null {
  return jobsOfCgroup(path).at(-1)?.id ?? null;
}

/** The job in which the job of this cgroup was started; null for none. */
export function outerJobOf(path: string | null): string | null {
  return jobsOfCgroup(path).at(-2)?.id ?? null;
}

function placeAt(path: string): JobPlace | null {
  const name = lastName(path);
  const sliced = slicesAtEnd(path).at(-1);
  if (sliced !== undefined) return { id: sliced, path, backend: "systemd" };
  return isJobId(name) && path.endsWith(`/corral/${name}`) ? { id: name, path, backend: "cgroupfs" } : null;
}

/** In names of cgroups, what tells a pool from a job: no job id has a `_`. */
const POOL_PREFIX = "pool_";

/** The name of a pool's level: of its slice `corral-pool_P.slice`, and of its directory `corral/pool_P`. */
export function poolLevel(pool: string): string {
  return `${POOL_PREFIX}${pool}`;
}

/** The pool whose level has this name; null for any other. */
export function poolOfLevel(level: string): string | null {
  const pool = level.startsWith(POOL_PREFIX) ? level.slice(POOL_PREFIX.length) : "";
  return isPoolName(pool) ? pool : null;
}

/** The levels that the name of a slice repeats, outermost first: a pool or none, then jobs; none for the slice of anything else. */
export function levelsOfSlice(name: string): string[] {
  const levels = /^corral-(.+)\.slice$/.exec(name)?.[1]?.split("-") ?? [];
  const jobs = levels.slice(poolOfLevel(levels[0] ?? "") === null ? 0 : 1);
  return jobs.every(isJobId) && new Set(jobs).size === jobs.length ? levels : [];
}

/** The jobs in one another whose slices a path ends in, outermost first; the last name repeats the whole way, and none for any other path. */
function slicesAtEnd(path: string): string[] {
  const name = lastName(path);
  const levels = levelsOfSlice(name);
  const way = levels.map((_, index) => `/corral-${levels.slice(0, index + 1).join("-")}.slice`).join("");
  return levels.length > 0 && path.endsWith(`/corral.slice${way}`) ? jobsOfSlice(name) : [];
}

/** The jobs that a slice names, outermost first: none for the slice of anything else. */
export function jobsOfSlice(name: string): string[] {
  return levelsOfSlice(name).filter((level) => poolOfLevel(level) === null);
}

/**
 * The job whose detached supervisor, guard or `--on-end` command lives in this cgroup: `corral.slice/corral-ID-supervisor.scope` (or in the
 * slice of a job, for a job in it), `corral.slice/corral-guard-ID.scope` or `corral/guard-ID`, and likewise with `onend`; null for none.
 */
export function jobOfSupervisorScope(path: string | null): string | null {
  return lastPair(path, (parent, name) => {
    if (parent === "corral") return jobOfGuardDirectory(name) ?? jobOfOnEndDirectory(name);
    const isTop = parent === "corral.slice";
    const supervised = idIn(/^corral-([^-]*)-supervisor\.scope$/, name);
    if (supervised !== null) return isTop || jobsOfSlice(parent).length > 0 ? supervised : null;
    return isTop ? jobOfGuardScope(name) ?? idIn(/^corral-onend-([^-]*)\.scope$/, name) : null;
  });
}

/** The job of the guard whose scope has this name; null for any other. */
export function jobOfGuardScope(name: string): string | null {
  return idIn(/^corral-guard-([^-]*)\.scope$/, name);
}

function idIn(pattern: RegExp, name: string): string | null {
  const id = pattern.exec(name)?.[1];
  return id !== undefined && isJobId(id) ? id : null;
}

/** The name of the cgroup of a job's guard without systemd, beside the outermost job's. No job id has a dash. */
export function guardDirectory(id: string): string {
  return `guard-${id}`;
}

/** The job of the guard whose cgroup has this name; null for any other. */
export function jobOfGuardDirectory(name: string): string | null {
  return idIn(/^guard-([^-]*)$/, name);
}

/** The name of the cgroup of what `--on-end` runs without systemd. */
export function onEndDirectory(id: string): string {
  return `onend-${id}`;
}

/** The job after whose end the command of this cgroup runs; null for any other name. */
export function jobOfOnEndDirectory(name: string): string | null {
  return idIn(/^onend-([^-]*)$/, name);
}

/** Where guards go that are about to exit, so that their own cgroups can be removed. Neither a job's nor a guard's name. */
export const LEAVING_GUARDS = "guards-leaving";

/**
 * The systemd unit that a cgroup is of, at or below the unit's own: `cron.service`, `session-3.scope`, the innermost of several. null for
 * none, as in a slice or without systemd.
 */
export function unitOfCgroup(path: string | null): string | null {
  return (path ?? "").split("/").findLast((name) => /.\.(service|scope|socket|mount|swap)$/.test(name)) ??
    null;
}

function lastPair(path: string | null, read: (parent: string, name: string) => string | null): string | null {
  const names = (path ?? "").split("/");
  for (let index = names.length - 1; index > 0; index--) {
    const found = read(names[index - 1]!, names[index]!);
    if (found !== null) return found;
  }
  return null;
}

/** True for a path that ends as corral makes it for this job, also in another; for what lies in the job's cgroup it is false. */
export function bearsName(path: string, id: string): boolean {
  return path.endsWith(`/corral.slice/corral-${id}.slice`) || path.endsWith(`/corral/${id}`) ||
    slicesAtEnd(path).at(-1) === id;
}

/** True for an absolute path without `.`, `..`, empty names and newlines: the kernel makes no cgroup with a newline (cgroup_mkdir()). */
export function isPlain(path: string): boolean {
  if (!path.startsWith("/") || /[\0\n]/.test(path)) return false;
  return path.slice(1).split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}
