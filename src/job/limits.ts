/**
 * Every limit of a job: one row is all that a limit needs. The options of `run`, `adopt` and `set`, the control files and the read-back,
 * the properties of systemd units, the store's check, `show`, the report's columns and the JSON Schema derive from here. Pure.
 */
import { parseTasks, parseWeight } from "../value/count.ts";
import { formatCpus, parseCpus } from "../value/cpus.ts";
import { formatBytes, parseMemoryBytes, parseSizeBytes } from "../value/size.ts";

/** What the values of a limit are: bytes, cores (1.5 is 150 %), or whole numbers. */
export type LimitKind = "size" | "cores" | "count";

/** One limit. */
export interface LimitRow {
  /** In the record, the JSON and the program; ends in the unit. */
  readonly key: string;
  readonly option: `--${string}`;
  readonly short?: `-${string}`;
  /** For `run` and `adopt`. */
  readonly help: string;
  /** For `set`, where it is another. */
  readonly changeHelp?: string;
  /** Throws ValueError. */
  readonly parse: (text: string) => number;
  readonly kind: LimitKind;
  readonly controller: "memory" | "cpu" | "pids";
  /** Control file (cgroup-v2.rst), and what is written to lift the limit. */
  readonly file: string;
  readonly fileUnset: string;
  /** Property of the slice (systemd.resource-control(5)). */
  readonly property: string;
  /** What lifts the limit there, where systemd's "infinity" does not. */
  readonly propertyUnset?: number;
  /** Label in `show`, where no figure of usage is set against the limit. */
  readonly showLabel?: string;
  /** Column of the report. */
  readonly column?: string;
  /** The limits of older records do not have it: it is null there. */
  readonly isLater?: true;
}

const ROWS = [
  {
    key: "memoryMaxBytes",
    option: "--memory",
    short: "-m",
    help: "memory.max, such as 24G; the whole job dies at once when it is exceeded",
    changeHelp: "memory.max",
    parse: parseMemoryBytes,
    kind: "size",
    controller: "memory",
    file: "memory.max",
    fileUnset: "max",
    property: "MemoryMax",
    column: "memory",
  },
  {
    key: "memoryHighBytes",
    option: "--memory-high",
    help: "throttle above it",
    parse: parseMemoryBytes,
    kind: "size",
    controller: "memory",
    file: "memory.high",
    fileUnset: "max",
    property: "MemoryHigh",
    showLabel: "memory high",
  },
  {
    key: "swapMaxBytes",
    option: "--swap",
    help: "memory.swap.max (default: 0 with --memory)",
    changeHelp: "memory.swap.max",
    parse: (text) => parseSizeBytes(text, { zeroAllowed: true }),
    kind: "size",
    controller: "memory",
    file: "memory.swap.max",
    fileUnset: "max",
    property: "MemorySwapMax",
  },
  {
    key: "cpuMaxCores",
    option: "--cpus",
    short: "-c",
    help: "CPU quota: 4, 0.5 or 150%",
    changeHelp: "CPU quota",
    parse: parseCpus,
    kind: "cores",
    controller: "cpu",
    file: "cpu.max",
    fileUnset: "max",
    property: "CPUQuotaPerSecUSec",
    column: "cpus",
  },
  {
    key: "cpuWeight",
    option: "--cpu-weight",
    help: "share of the CPU when it is scarce, 1..10000",
    changeHelp: "1..10000",
    parse: parseWeight,
    kind: "count",
    controller: "cpu",
    file: "cpu.weight",
    fileUnset: "100",
    property: "CPUWeight",
    showLabel: "cpu weight",
  },
  {
    key: "pidsMax",
    option: "--pids",
    short: "-p",
    help: "limit of processes and threads",
    parse: parseTasks,
    kind: "count",
    controller: "pids",
    file: "pids.max",
    fileUnset: "max",
    property: "TasksMax",
  },
] as const satisfies readonly LimitRow[];

/** The key of a limit. */
export type LimitKey = (typeof ROWS)[number]["key"];

/** Limits of a job. `null` is "no limit". */
export interface Limits extends Record<LimitKey, number | null> {}

/** All limits, in the order in which they are set, read back and reported. */
export const LIMIT_ROWS: readonly (LimitRow & { readonly key: LimitKey })[] = ROWS;

/** No limits at all. */
export const NO_LIMITS: Limits = limitsOf(() => null);

/** The limits whose values `read` gives. */
export function limitsOf(read: (row: LimitRow & { readonly key: LimitKey }) => number | null): Limits {
  return Object.fromEntries(LIMIT_ROWS.map((row) => [row.key, read(row)])) as unknown as Limits;
}

/** How values of a kind are named in usage lines, described in the JSON Schema and shown. */
export const LIMIT_KINDS: Readonly<Record<LimitKind, LimitKindWords>> = {
  size: { placeholder: "SIZE", jsonType: "integer", show: formatBytes },
  cores: { placeholder: "CPUS", jsonType: "number", description: "1.5 is 150 %", show: formatCpus },
  count: { placeholder: "N", jsonType: "integer", show: String },
};

interface LimitKindWords {
  readonly placeholder: string;
  readonly jsonType: "integer" | "number";
  readonly description?: string;
  readonly show: (value: number) => string;
}

/** True when the kernel, out of memory, shall kill the whole job and not one process of it: with a memory limit of its own. */
export function diesAsOne({ memoryMaxBytes }: Limits): boolean {
  return memoryMaxBytes !== null;
}

/** The limit that another one implies. */
const IMPLIED_KEY: LimitKey = "swapMaxBytes";

/**
 * With a memory limit, swap is limited to 0 unless another limit of it is asked for. `swapIsImplied`: no limit of swap was asked for, so it
 * is dropped without a word where swap is not accounted.
 */
export function withImpliedSwap(asked: Limits): { limits: Limits; swapIsImplied: boolean } {
  const swapIsImplied = asked[IMPLIED_KEY] === null;
  const implied = swapIsImplied && asked.memoryMaxBytes !== null;
  return { limits: implied ? { ...asked, [IMPLIED_KEY]: 0 } : asked, swapIsImplied };
}

/** True for a limit that may be dropped without a word: the caller did not ask for it. */
export function isOnlyImplied(key: LimitKey, { swapIsImplied }: { swapIsImplied: boolean }): boolean {
  return swapIsImplied && key === IMPLIED_KEY;
}
