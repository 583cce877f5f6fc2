/** The node's course as bins: who used its memory and CPU, when. Pure. */
import type { Course, CourseBin, CourseSeries, Readouts } from "./feed.ts";

/** One look: every live job, and the rest. */
export interface CourseLook {
  atMs: number;
  jobs: readonly { jobId: string; memoryBytes: number | null; cpuCores: number | null }[];
  outside: Readouts["outside"];
  pressure: Readouts["pressure"];
}

/** Bytes and cores. */
export type Pair = readonly [memoryBytes: number | null, cpuCores: number | null];

/** A bin as it is kept: the largest jobs, the others together, and what runs outside of jobs. Means of its time; pressure is the highest. */
export interface KeptBin {
  /** Its end. */
  timeMs: number;
  jobs: ReadonlyMap<string, Pair>;
  other: Pair;
  outside: Pair;
  pressure: Readouts["pressure"];
}

/** Whose job an id is; null: not known any more. */
export type WhoseOf = (jobId: string) => { name: string; user: string } | null;

/** Of each bin so many jobs are kept by memory, and so many more by CPU. */
const KEPT_BY_MEMORY = 12;
const KEPT_BY_CPU = 4;
const SERIES = 8;

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number | null): void {
    if (value === null) return;
    this.#sum += value;
    this.#count++;
  }

  /** @param of looks; a job that was not there at some of them counts for nothing then */
  value(of = this.#count): number | null {
    return this.#count === 0 ? null : this.#sum / Math.max(of, this.#count);
  }
}

interface Means {
  memory: Mean;
  cpu: Mean;
}

const newMeans = (): Means => ({ memory: new Mean(), cpu: new Mean() });

/** Adds up looks until the end of the bin. */
export class BinSum {
  readonly #jobs = new Map<string, Means>();
  readonly #outside = newMeans();
  readonly #pressure: Readouts["pressure"] = { cpu: null, memory: null, io: null };
  #looks = 0;

  constructor(readonly endMs: number) {}

  get isEmpty(): boolean {
    return this.#looks === 0;
  }

  add({ jobs, outside, pressure }: CourseLook): void {
    this.#looks++;
    for (const { jobId, memoryBytes, cpuCores } of jobs) {
      const means = this.#jobs.get(jobId) ?? newMeans();
      this.#jobs.set(jobId, means);
      means.memory.add(memoryBytes);
      means.cpu.add(cpuCores);
    }
    this.#outside.memory.add(outside.memoryBytes);
    this.#outside.cpu.add(outside.cpuCores);
    for (const key of ["cpu", "memory", "io"] as const) {
      const value = pressure[key];
      if (value !== null) this.#pressure[key] = Math.max(this.#pressure[key] ?? 0, value);
    }
  }

  /** Every job, for the pages that are open. */
  whole(): CourseBin {
    const [memoryBytes, cpuCores] = pairOf(this.#outside);
    return {
      timeMs: this.endMs,
      jobs: this.#pairs().map(([jobId, pair]) => ({ jobId, memoryBytes: pair[0], cpuCores: pair[1] })),
      outside: { memoryBytes, cpuCores },
      pressure: { ...this.#pressure },
    };
  }

  /** The largest by themselves. */
  kept(): KeptBin {
    const pairs = this.#pairs();
    const byMemory = pairs.toSorted(([, a], [, b]) => (b[0] ?? 0) - (a[0] ?? 0));
    const byCpu = byMemory.slice(KEPT_BY_MEMORY).sort(([, a], [, b]) => (b[1] ?? 0) - (a[1] ?? 0));
    return {
      timeMs: this.endMs,
      jobs: new Map([...byMemory.slice(0, KEPT_BY_MEMORY), ...byCpu.slice(0, KEPT_BY_CPU)]),
      other: sumOf(byCpu.slice(KEPT_BY_CPU).map(([, pair]) => pair)),
      outside: pairOf(this.#outside),
      pressure: { ...this.#pressure },
    };
  }

  #pairs(): [string, Pair][] {
    return [...this.#jobs].map(([id, means]) => [id, pairOf(means, this.#looks)]);
  }
}

function pairOf({ memory, cpu }: Means, looks?: number): Pair {
  const [bytes, cores] = [memory.value(looks), cpu.value(looks)];
  return [bytes === null ? null : Math.round(bytes), cores === null ? null : Math.round(cores * 100) / 100];
}

/** 0 where there is none. */
function sumOf(pairs: readonly Pair[]): Pair {
  const sum = (index: 0 | 1) => pairs.reduce((all, pair) => all + (pair[index] ?? 0), 0);
  return [sum(0), sum(1)];
}

/** What the series are scaled by, and who the jobs are. */
export interface CourseFacts {
  memoryTotalBytes: number;
  cores: number;
  whose: WhoseOf;
  binMs: number;
}

/** The largest jobs of the range as series, the rest as one. Time in which nothing was kept is a bin of nulls. */
export function courseOf(bins: readonly KeptBin[], facts: CourseFacts): Omit<Course, "events"> {
  const filled = withGaps(bins, facts.binMs);
  const top = largest(bins, facts);
  const pick = (read: (bin: KeptBin) => Pair) => ({
    memoryBytes: filled.map((bin) => "gapMs" in bin ? null : read(bin)[0]),
    cpuCores: filled.map((bin) => "gapMs" in bin ? null : read(bin)[1]),
  });
  const chosen = new Set(top);
  const rest = (bin: KeptBin) =>
    sumOf([bin.other, ...[...bin.jobs].flatMap(([id, pair]) => chosen.has(id) ? [] : [pair])]);
  const whole = { jobId: null, user: null };
  const series: CourseSeries[] = [
    ...top.map((jobId) => ({
      kind: "job" as const,
      jobId,
      ...{ name: jobId, user: null, ...facts.whose(jobId) },
      ...pick((bin) => bin.jobs.get(jobId) ?? [0, 0]),
    })),
    { kind: "other", name: "other jobs", ...whole, ...pick(rest) },
    { kind: "outside", name: "outside of jobs", ...whole, ...pick((bin) => bin.outside) },
  ];
  const lane = (key: keyof KeptBin["pressure"]) =>
    filled.map((bin) => "gapMs" in bin ? null : bin.pressure[key]);
  return {
    timesMs: filled.map((bin) => "gapMs" in bin ? bin.gapMs : bin.timeMs),
    series,
    pressure: { cpu: lane("cpu"), memory: lane("memory"), io: lane("io") },
    memoryTotalBytes: facts.memoryTotalBytes,
    cores: facts.cores,
  };
}

/** By the share of the node that they took over the range, memory and CPU alike. */
function largest(bins: readonly KeptBin[], { memoryTotalBytes, cores }: CourseFacts): string[] {
  const areas = new Map<string, number>();
  for (const { jobs } of bins) {
    for (const [id, [memoryBytes, cpuCores]] of jobs) {
      const share = (memoryBytes ?? 0) / (memoryTotalBytes || 1) + (cpuCores ?? 0) / (cores || 1);
      areas.set(id, (areas.get(id) ?? 0) + share);
    }
  }
  return [...areas].sort(([, a], [, b]) => b - a).slice(0, SERIES).map(([id]) => id);
}

/** One null bin for each stretch without any. */
function withGaps(bins: readonly KeptBin[], binMs: number): (KeptBin | { gapMs: number })[] {
  return bins.flatMap((bin, index) => {
    const before = bins[index - 1];
    const isGap = before !== undefined && bin.timeMs - before.timeMs > 1.5 * binMs;
    return isGap ? [{ gapMs: before.timeMs + binMs }, bin] : [bin];
  });
}
