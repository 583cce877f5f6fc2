/** What `corral report --by` prints of the jobs that have something in common. Pure. */
import type { GroupedJob } from "../../store/report_reader.ts";

/** What of one job goes into its group; `key` as it is shown. */
export interface Member extends Omit<GroupedJob, "key"> {
  key: string;
}

/** Of the values that are known; nearest rank, so each is a value that a job really had. Null without any. */
export interface Spread {
  p50: number | null;
  p95: number | null;
  max: number | null;
}

/** Limits that would have fitted; null where that cannot be told. */
export interface Advice {
  memoryMaxBytes: number | null;
  timeoutMs: number | null;
  cpuMaxCores: number | null;
}

/** Jobs that have something in common. */
export interface Group {
  key: string;
  count: number;
  live: number;
  failed: number;
  /** Commands that could not be started: no jobs. */
  neverStarted: number;
  /** Of ended jobs, as the other two: what a live one will come to is not known. */
  wallMs: Spread;
  cpuUsageUsec: Spread;
  memoryPeakBytes: Spread;
  /** Of all jobs of which it is known, with what live ones have used so far; null when it is known of none. */
  cpuTotalUsec: number | null;
  cpuKnown: number;
  /** The same. */
  wallTotalMs: number | null;
  /** Memory peak times wall time. */
  memoryByteHours: number | null;
  advice: Advice;
}

/** Below this many jobs that ended well, nothing is advised. */
export const MIN_JOBS_FOR_ADVICE = 5;
const HEADROOM = 1.2;
const HOUR_MS = 3_600_000;
/** A job that was held back in more of its periods than this wanted more than its quota. */
const THROTTLED_SHARE = 0.05;

/** The groups of `members`, in the order of their keys. `isSorted`: those of a group come one after another, and only one group's figures are held. */
export function groupsOf(members: Iterable<Member>, isSorted = false): Group[] {
  const built: Group[] = [];
  const builders = new Map<string, GroupBuilder>();
  const buildAll = () => {
    for (const builder of builders.values()) built.push(builder.build());
    builders.clear();
  };
  for (const member of members) {
    let builder = builders.get(member.key);
    if (builder === undefined) {
      if (isSorted) buildAll();
      builders.set(member.key, builder = new GroupBuilder(member.key));
    }
    builder.add(member);
  }
  buildAll();
  return built.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** The smallest value that `percent` of all do not exceed; null without values, or when that rank falls among the `beyond`, which are larger than all. */
export function nearestRank(ascending: ArrayLike<number>, percent: number, beyond = 0): number | null {
  const rank = Math.ceil((ascending.length + beyond) * percent / 100);
  return ascending[Math.max(rank, 1) - 1] ?? null;
}

/** Figures of jobs that ended well, and the number of jobs that the limit ended or held back: their true need is larger and unknown (right-censored). */
class Needs {
  readonly known: number[] = [];
  beyond = 0;

  add(value: number | null): void {
    if (value !== null) this.known.push(value);
  }

  limit(): number | null {
    if (this.known.length < MIN_JOBS_FOR_ADVICE) return null;
    const p95 = nearestRank(ascending(this.known), 95, this.beyond);
    return p95 === null ? null : p95 * HEADROOM;
  }
}

/** Of the values that are known. */
class Sum {
  known = 0;
  #sum = 0;

  add(value: number | null): void {
    if (value === null) return;
    this.known++;
    this.#sum += value;
  }

  get total(): number | null {
    return this.known === 0 ? null : this.#sum;
  }
}

class GroupBuilder {
  #count = 0;
  #live = 0;
  #failed = 0;
  #neverStarted = 0;
  readonly #cpuSum = new Sum();
  readonly #wallSum = new Sum();
  readonly #byteHours = new Sum();
  readonly #wallMs: number[] = [];
  readonly #cpuUsec: number[] = [];
  readonly #memoryBytes: number[] = [];
  readonly #memoryNeeds = new Needs();
  readonly #timeNeeds = new Needs();
  readonly #coreNeeds = new Needs();

  constructor(readonly key: string) {}

  add(member: Member): void {
    if (member.outcome === "never-started") return void this.#neverStarted++;
    this.#count++;
    this.#addToSums(member);
    if (member.outcome === "live") return void this.#live++;
    if (member.outcome === "failed") this.#failed++;
    if (member.wallMs !== null) this.#wallMs.push(member.wallMs);
    if (member.cpuUsageUsec !== null) this.#cpuUsec.push(member.cpuUsageUsec);
    if (member.memoryPeakBytes !== null) this.#memoryBytes.push(member.memoryPeakBytes);
    this.#addNeeds(member);
  }

  #addToSums({ cpuUsageUsec, wallMs, memoryPeakBytes }: Member): void {
    const isUnknown = memoryPeakBytes === null || wallMs === null;
    this.#cpuSum.add(cpuUsageUsec);
    this.#wallSum.add(wallMs);
    this.#byteHours.add(isUnknown ? null : memoryPeakBytes * wallMs / HOUR_MS);
  }

  #addNeeds(member: Member): void {
    if (member.trigger === "oom") this.#memoryNeeds.beyond++;
    if (member.trigger === "timeout" || member.trigger === "cpu-time") this.#timeNeeds.beyond++;
    if (member.outcome !== "well") return;
    this.#memoryNeeds.add(member.memoryPeakBytes);
    this.#timeNeeds.add(member.wallMs);
    if ((member.throttledShare ?? 0) > THROTTLED_SHARE) this.#coreNeeds.beyond++;
    else this.#coreNeeds.add(coresOf(member));
  }

  build(): Group {
    return {
      key: this.key,
      count: this.#count,
      live: this.#live,
      failed: this.#failed,
      neverStarted: this.#neverStarted,
      wallMs: spreadOf(this.#wallMs),
      cpuUsageUsec: spreadOf(this.#cpuUsec),
      memoryPeakBytes: spreadOf(this.#memoryBytes),
      cpuTotalUsec: this.#cpuSum.total,
      wallTotalMs: this.#wallSum.total,
      memoryByteHours: roundedUp(this.#byteHours.total, 1),
      cpuKnown: this.#cpuSum.known,
      advice: {
        memoryMaxBytes: roundedUp(this.#memoryNeeds.limit(), 1),
        timeoutMs: roundedUp(this.#timeNeeds.limit(), 1),
        cpuMaxCores: roundedUp(this.#coreNeeds.limit(), 0.01),
      },
    };
  }
}

/** The mean over the job's life. */
function coresOf({ cpuUsageUsec, wallMs }: Member): number | null {
  return cpuUsageUsec === null || !wallMs ? null : cpuUsageUsec / 1000 / wallMs;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = ascending(values);
  return { p50: nearestRank(sorted, 50), p95: nearestRank(sorted, 95), max: sorted.at(-1) ?? null };
}

/** Typed arrays are sorted as numbers, and a million of them in a tenth of the time. */
function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

function roundedUp(value: number | null, step: number): number | null {
  // One step back and forth: 1.2 x 5 is 6, not 6.0000000001 and so 7.
  return value === null ? null : Number((Math.ceil(value / step - 1e-6) * step).toFixed(2));
}
