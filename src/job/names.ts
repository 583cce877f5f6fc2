/** The job of a cgroup, by its path alone: names that corral makes, whatever store the job is in. Pure. */
import { isJobId } from "../value/id.ts";

/**
 * The job that a cgroup belongs to: at or below `corral.slice/corral-ID.slice` (systemd) or `corral/ID` (cgroupfs), anywhere in the path.
 * The innermost for a job in a job; null for none.
 */
export function jobOfCgroup(path: string | null): string | null {
  return lastPair(path, (parent, name) => {
    const id = parent === "corral.slice" ? /^corral-([^-]*)\.slice$/.exec(name)?.[1] : name;
    return (parent === "corral.slice" || parent === "corral") && id !== undefined && isJobId(id) ? id : null;
  });
}

/**
 * The job whose detached supervisor or guard lives in this cgroup: `corral.slice/corral-ID-supervisor.scope`,
 * `corral.slice/corral-guard-ID.scope` or `corral/guard-ID`; null for none.
 */
export function jobOfSupervisorScope(path: string | null): string | null {
  return lastPair(path, (parent, name) => {
    if (parent === "corral") return jobOfGuardDirectory(name);
    const scope = /^corral-(?:([^-]*)-supervisor|guard-([^-]*))\.scope$/.exec(name);
    const id = scope?.[1] ?? scope?.[2];
    return parent === "corral.slice" && id !== undefined && isJobId(id) ? id : null;
  });
}

/** The name of the cgroup of a job's guard without systemd, beside the job's. No job id has a dash. */
export function guardDirectory(id: string): string {
  return `guard-${id}`;
}

/** The job of the guard whose cgroup has this name; null for any other. */
export function jobOfGuardDirectory(name: string): string | null {
  const id = /^guard-([^-]*)$/.exec(name)?.[1];
  return id !== undefined && isJobId(id) ? id : null;
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

/** True for a path that ends as corral makes it for this job: `corral.slice/corral-ID.slice` (systemd) or `corral/ID` (cgroupfs). */
export function bearsName(path: string, id: string): boolean {
  return path.endsWith(`/corral.slice/corral-${id}.slice`) || path.endsWith(`/corral/${id}`);
}

/** True for an absolute path without `.`, `..`, empty names and newlines: the kernel makes no cgroup with a newline (cgroup_mkdir()). */
export function isPlain(path: string): boolean {
  if (!path.startsWith("/") || /[\0\n]/.test(path)) return false;
  return path.slice(1).split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");
}
