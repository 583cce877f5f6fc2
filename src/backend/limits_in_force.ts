/** A limit and the control file that holds it (cgroup-v2.rst): what is written, how it reads back. */
import type { CgroupFs, OwnedCgroup } from "../cgroup/file.ts";
import { parseCpuMax, parseLimit } from "../cgroup/parse.ts";
import { diesAsOne, LIMIT_ROWS, type LimitKey, type LimitKind, type Limits } from "../job/limits.ts";

/** The kernel's default period of cpu.max. */
const CPU_PERIOD_USEC = 100_000;
/** The kernel rounds sizes down to whole pages (up to 64 KiB on some ARM and POWER machines). */
const PAGE_SLACK_BYTES = 65_536;

interface FileFormat {
  render(value: number): string;
  /** True when the file holds what was asked for. */
  agrees(text: string, value: number, path: string): boolean;
}

const FORMATS: Readonly<Record<LimitKind, FileFormat>> = {
  size: {
    render: String,
    agrees: (text, value, path) => {
      const actual = parseLimit(text, path);
      return actual !== null && actual <= value && value - actual < PAGE_SLACK_BYTES;
    },
  },
  cores: {
    render: (value) => `${Math.round(value * CPU_PERIOD_USEC)} ${CPU_PERIOD_USEC}`,
    agrees: (text, value, path) => {
      const { quotaUsec, periodUsec } = parseCpuMax(text, path);
      // systemd may choose another period for very small quotas: compare the ratio.
      return quotaUsec !== null && Math.abs(quotaUsec / periodUsec - value) <= 0.01 * value + 1 / periodUsec;
    },
  },
  count: {
    render: String,
    agrees: (text, value, path) => parseLimit(text, path) === value,
  },
};

/** The limits that cannot be enforced when only `controllers` are there. */
export function unenforceable(
  limits: Limits,
  controllers: Set<string>,
): { option: string; key: LimitKey; controller: string }[] {
  return LIMIT_ROWS.filter(({ key, controller }) => limits[key] !== null && !controllers.has(controller))
    .map(({ option, key, controller }) => ({ option, key, controller }));
}

/** Limits that were set but do not read back (#12362: silently ignored), each with what the file holds; a swap limit where the kernel has no swap accounting is one. */
export function notInForce(
  cgroup: OwnedCgroup,
  limits: Limits,
): { option: string; key: LimitKey; file: string; found: string | null }[] {
  return LIMIT_ROWS.flatMap(({ option, key, kind, file }) => {
    const value = limits[key];
    if (value === null) return [];
    const text = cgroup.read(file);
    if (text !== null && FORMATS[kind].agrees(text, value, cgroup.path)) return [];
    return [{ option, key, file, found: text?.trim() ?? null }];
  });
}

/** The file of each limit with what to write to set it, or to lift it. */
export function limitFiles(limits: Limits): { file: string; text: string; isLift: boolean }[] {
  return LIMIT_ROWS.map(({ key, kind, file, fileUnset }) => {
    const value = limits[key];
    return { file, text: value === null ? fileUnset : FORMATS[kind].render(value), isLift: value === null };
  });
}

/** False when the cgroup at `path`, which need not be a job's, has other limits. */
export function agreeWith(fs: CgroupFs, path: string, limits: Limits): boolean {
  return LIMIT_ROWS.every(({ key, kind, file }) => {
    const value = limits[key];
    const text = fs.readOptional(path, file);
    if (value === null) return text === null || text.startsWith("max") || file === "cpu.weight";
    return text !== null && FORMATS[kind].agrees(text, value, path);
  });
}

/** Writes limits straight to the job's own control files. With `lift`, limits that are null are lifted. */
export function writeLimits(cgroup: OwnedCgroup, limits: Limits, { lift }: { lift: boolean }): void {
  for (const { key, kind, file, fileUnset } of LIMIT_ROWS) {
    const value = limits[key];
    if (value !== null) cgroup.write(file, FORMATS[kind].render(value));
    else if (lift) cgroup.writeOptional(file, fileUnset);
  }
}

/** Linux 4.19; systemd sets it for no slice, and before 253 for no scope either (#25376). */
const OOM_GROUP = "memory.oom.group";

/** Where the limits ask for it, has the kernel kill the whole job when it is out of memory. False when this kernel cannot. */
export function killAsOneOnOom(cgroup: OwnedCgroup, limits: Limits): boolean {
  return !diesAsOne(limits) || cgroup.writeOptional(OOM_GROUP, "1");
}

/**
 * The same for a job that runs, where it is no longer so: systemd 252 sets the file back to 0 when it applies the settings of the slice anew,
 * such as at a daemon-reload. A memory limit that was lifted meanwhile (`corral set`) leaves it as it is.
 */
export function restoreKillAsOne(cgroup: OwnedCgroup, limits: Limits): void {
  if (!diesAsOne(limits) || cgroup.read(OOM_GROUP)?.trim() !== "0") return;
  if (cgroup.read("memory.max")?.trim() !== "max") cgroup.writeOptional(OOM_GROUP, "1");
}

/** Takes that back. */
export function killSinglyOnOom(cgroup: OwnedCgroup): void {
  cgroup.writeOptional(OOM_GROUP, "0");
}
