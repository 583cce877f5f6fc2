/**
 * Limits of other cgroups than the job's own that bind its processes first. Below it corral asks systemd for none; a drop-in of
 * an administrator (scope.d) has the last word. Above it, a slice with less than was asked for makes the limit a wish.
 */
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { parseCpuMax, parseLimit } from "../cgroup/parse.ts";
import { LIMIT_KINDS, LIMIT_ROWS, type LimitKey, type LimitRow, type Limits } from "../job/limits.ts";

/** A limit that is tighter than the one that was asked for. */
export interface TighterLimit {
  /** The option whose promise it breaks. */
  option: string;
  /** Its value as people write it, such as 400M. */
  asked: string;
  /** The cgroup that has it, and the control file. */
  path: string;
  file: string;
  /** As people write it. */
  found: string;
  /** It lies between the job's cgroup and its processes, or on that cgroup: no other job shares it. */
  isJobs: boolean;
}

/** Throttling before the limit is reached breaks the promise of the limit too. */
const ALSO_BROKEN_BY: Partial<Record<LimitKey, LimitKey>> = { memoryHighBytes: "memoryMaxBytes" };

/** Those on the way from the processes' cgroup up to the root, the lowest first. Throws CgroupError, ParseError. */
export function tighterOnTheWay(
  cgroup: OwnedCgroup,
  processPath: string,
  limits: Limits,
): TighterLimit[] {
  const rows = LIMIT_ROWS.filter(({ fileUnset }) => fileUnset === "max")
    .flatMap((row) => promiseOf(row, limits) ?? []);
  if (rows.length === 0) return [];
  return upwards(processPath).flatMap((path) =>
    rows.flatMap(({ row, promised, value }) => {
      // What is on the job's own cgroup under its own name has been read back already.
      if (path === cgroup.path && row === promised) return [];
      const found = limitOf(cgroup.fs, path, row);
      if (found === null || found >= value) return [];
      const { option, kind } = promised;
      const { show } = LIMIT_KINDS[kind];
      const isJobs = `${path}/`.startsWith(`${cgroup.path}/`);
      return [{ option, asked: show(value), path, file: row.file, found: show(found), isJobs }];
    })
  );
}

function promiseOf(row: LimitRow & { key: LimitKey }, limits: Limits) {
  const own = limits[row.key];
  if (own !== null) return { row, promised: row, value: own };
  const other = LIMIT_ROWS.find(({ key }) => key === ALSO_BROKEN_BY[row.key]);
  const value = other === undefined ? null : limits[other.key];
  return other === undefined || value === null ? null : { row, promised: other, value };
}

/** The cgroup and all above it but the root, which has no limits. */
function upwards(path: string): string[] {
  const found: string[] = [];
  for (let at = path; at !== "" && at !== "/"; at = at.slice(0, at.lastIndexOf("/"))) found.push(at);
  return found;
}

function limitOf(fs: CgroupFs, path: string, { kind, file }: LimitRow): number | null {
  const text = fs.readOptional(path, file);
  if (text === null) return null;
  if (kind !== "cores") return parseLimit(text, path);
  const { quotaUsec, periodUsec } = parseCpuMax(text, path);
  return quotaUsec === null ? null : quotaUsec / periodUsec;
}
