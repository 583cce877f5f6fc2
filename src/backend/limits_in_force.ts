/** A limit and the control file that holds it (cgroup-v2.rst): which controller it needs, what is written, how it reads back. */
import type { OwnedCgroup } from "../cgroup/file.ts";
import { parseCpuMax, parseLimit } from "../cgroup/parse.ts";
import type { Limits } from "../job/job.ts";

/** The kernel's default period of cpu.max. */
const CPU_PERIOD_USEC = 100_000;

interface LimitFile {
  key: keyof Limits;
  option: string;
  controller: "memory" | "cpu" | "pids";
  file: string;
  /** Text to write; null lifts the limit. */
  render(value: number | null): string;
  /** True when what the file says is what was asked for. */
  agrees(text: string, value: number, path: string): boolean;
}

/** The kernel rounds sizes down to whole pages (up to 64 KiB on some ARM and POWER machines). */
const PAGE_SLACK_BYTES = 65_536;

const sizeFile = (key: keyof Limits, option: string, file: string): LimitFile => ({
  key,
  option,
  controller: "memory",
  file,
  render: (value) => value === null ? "max" : String(value),
  agrees: (text, value, path) => {
    const actual = parseLimit(text, path);
    return actual !== null && actual <= value && value - actual < PAGE_SLACK_BYTES;
  },
});

/** Every limit, in the order in which they are set and told. */
export const LIMIT_FILES: readonly LimitFile[] = [
  sizeFile("memoryMaxBytes", "--memory", "memory.max"),
  sizeFile("memoryHighBytes", "--memory-high", "memory.high"),
  sizeFile("swapMaxBytes", "--swap", "memory.swap.max"),
  {
    key: "cpuMaxCores",
    option: "--cpus",
    controller: "cpu",
    file: "cpu.max",
    render: (value) => value === null ? "max" : `${Math.round(value * CPU_PERIOD_USEC)} ${CPU_PERIOD_USEC}`,
    agrees: (text, value, path) => {
      const { quotaUsec, periodUsec } = parseCpuMax(text, path);
      // systemd may choose another period for very small quotas: compare the ratio.
      return quotaUsec !== null && Math.abs(quotaUsec / periodUsec - value) <= 0.01 * value + 1 / periodUsec;
    },
  },
  {
    key: "cpuWeight",
    option: "--cpu-weight",
    controller: "cpu",
    file: "cpu.weight",
    render: (value) => String(value ?? 100),
    agrees: (text, value, path) => parseLimit(text, path) === value,
  },
  {
    key: "pidsMax",
    option: "--pids",
    controller: "pids",
    file: "pids.max",
    render: (value) => value === null ? "max" : String(value),
    agrees: (text, value, path) => parseLimit(text, path) === value,
  },
];

/** The limits that cannot be enforced when only `controllers` are there. */
export function unenforceable(
  limits: Limits,
  controllers: Set<string>,
): { option: string; key: keyof Limits; controller: string }[] {
  return LIMIT_FILES.filter(({ key, controller }) => limits[key] !== null && !controllers.has(controller))
    .map(({ option, key, controller }) => ({ option, key, controller }));
}

/** Limits that were set but do not read back (#12362: silently ignored), each with what the file says; a swap limit where the kernel has no swap accounting is one. */
export function notInForce(
  cgroup: OwnedCgroup,
  limits: Limits,
): { option: string; key: keyof Limits; file: string; found: string | null }[] {
  return LIMIT_FILES.flatMap(({ option, key, file, agrees }) => {
    const value = limits[key];
    if (value === null) return [];
    const text = cgroup.read(file);
    if (text !== null && agrees(text, value, cgroup.path)) return [];
    return [{ option, key, file, found: text?.trim() ?? null }];
  });
}

/** Writes limits straight to the job's own control files. With `lift`, limits that are null are lifted. */
export function writeLimits(cgroup: OwnedCgroup, limits: Limits, { lift }: { lift: boolean }): void {
  for (const { key, file, render } of LIMIT_FILES) {
    if (limits[key] !== null) cgroup.write(file, render(limits[key]));
    else if (lift) cgroup.writeOptional(file, render(null));
  }
}
