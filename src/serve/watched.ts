/** The course of the jobs that a page has open, finer and with more of it than their supervisors save. */
import type { CgroupFs } from "../cgroup/file.ts";
import { readable, readCpuUsageUsec, readCurrent, readMemorySplit, readPressure } from "../cgroup/usage.ts";
import type { Sample } from "../job/usage.ts";
import type { JobSample } from "./feed.ts";
import { ioOf, rate } from "./readings.ts";

/** A quarter of an hour of looks. */
const MOST_SAMPLES = 450;
/** A job that no page has asked for meanwhile is not watched any more. */
const FORGET_MS = 60_000;
const MOST_JOBS = 64;

interface Totals {
  bootMs: number;
  cpuUsageUsec: number | null;
  readBytes: number | null;
  writtenBytes: number | null;
  stalledUsec: number | null;
}

interface Watched {
  last: Totals;
  samples: JobSample[];
  /** CPU ticks of its processes at the last look. */
  ticks: ReadonlyMap<string, number>;
}

/** Keeps them while they are asked for. */
export class WatchedJobs {
  readonly #jobs = new Map<string, Watched>();

  /** Takes a sample; all that were taken since the job is watched. */
  sample(
    key: string,
    { fs, path }: { fs: CgroupFs; path: string },
    at: { wallMs: number; bootMs: number },
  ): JobSample[] {
    this.#forget(at.bootMs);
    const before = this.#jobs.get(key) ?? null;
    const { sample, totals } = sampleOf({ fs, path }, at, before?.last ?? null);
    // The first has no rates.
    const samples = before === null ? [] : [...before.samples, sample].slice(-MOST_SAMPLES);
    this.#jobs.delete(key);
    this.#jobs.set(key, { last: totals, samples, ticks: before?.ticks ?? new Map() });
    while (this.#jobs.size > MOST_JOBS) this.#jobs.delete(this.#jobs.keys().next().value!);
    return samples;
  }

  /** CPU ticks at the last look, by pid and start; takes those of this one. */
  swapTicks(key: string, ticks: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    const watched = this.#jobs.get(key);
    if (watched === undefined) return new Map();
    const before = watched.ticks;
    watched.ticks = ticks;
    return before;
  }

  #forget(bootMs: number): void {
    for (const [key, { last }] of this.#jobs) if (bootMs - last.bootMs > FORGET_MS) this.#jobs.delete(key);
  }
}

function sampleOf(
  { fs, path }: { fs: CgroupFs; path: string },
  { wallMs, bootMs }: { wallMs: number; bootMs: number },
  before: Totals | null,
): { sample: JobSample; totals: Totals } {
  const file = readable(fs, path);
  const totals: Totals = {
    bootMs,
    cpuUsageUsec: readCpuUsageUsec(file),
    ...ioOf(fs, path),
    stalledUsec: stalledUsec(fs, path),
  };
  const perSec = (key: Exclude<keyof Totals, "bootMs">) =>
    rate(totals[key], before?.[key] ?? null, bootMs - (before?.bootMs ?? bootMs));
  const shown = (value: number | null, factor: number, digits = 0) =>
    value === null ? null : Math.round(value * factor * 10 ** digits) / 10 ** digits;
  return {
    totals,
    sample: {
      atMs: wallMs,
      ...readMemorySplit(file),
      memoryBytes: readCurrent(fs, path).memoryBytes,
      cpuCores: shown(perSec("cpuUsageUsec"), 1e-6, 2),
      readBytesPerSec: shown(perSec("readBytes"), 1),
      writtenBytesPerSec: shown(perSec("writtenBytes"), 1),
      stalledPercent: shown(perSec("stalledUsec"), 1e-4, 1),
    },
  };
}

/** The worst of the three resources, in which some task waited. */
function stalledUsec(fs: CgroupFs, path: string): number | null {
  const totals = ["cpu", "memory", "io"].flatMap((name) =>
    readPressure(readable(fs, path), `${name}.pressure`)?.someTotalUsec ?? []
  );
  return totals.length === 0 ? null : Math.max(...totals);
}

/** What the supervisor has saved, as far as it was before `beforeMs`. */
export function savedSamples(
  samples: readonly Sample[],
  startedMs: number,
  beforeMs: number,
): JobSample[] {
  return samples.flatMap((sample, index) => {
    const atMs = startedMs + sample.offsetMs;
    if (atMs >= beforeMs) return [];
    const earlier = samples[index - 1] ?? { offsetMs: 0, cpuUsageUsec: 0 };
    const usecPerSec = rate(sample.cpuUsageUsec, earlier.cpuUsageUsec, sample.offsetMs - earlier.offsetMs);
    return [{
      atMs,
      anonBytes: sample.anonBytes,
      fileBytes: sample.fileBytes,
      shmemBytes: null,
      slabBytes: null,
      memoryBytes: sample.memoryBytes,
      cpuCores: usecPerSec === null ? null : Math.round(usecPerSec / 10_000) / 100,
      readBytesPerSec: null,
      writtenBytesPerSec: null,
      stalledPercent: null,
    }];
  });
}
