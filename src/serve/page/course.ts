/** The course of the node as the plot takes it: what the server gave, the bins since, and this moment. Pure. */
import type { Course, CourseBin, CourseSeries, LiveRow, Readouts } from "../feed.ts";

/** What the plot of the node shows. */
export type Resource = "memory" | "cpu";

/** Largest number of jobs with a colour of their own. */
const SLOTS = 8;

/** A bin of what is so now, so that the plot ends at this moment. */
export function binOfNow(timeMs: number, jobs: Iterable<LiveRow>, readouts: Readouts): CourseBin {
  return {
    timeMs,
    jobs: Array.from(jobs, ({ id, memoryBytes, cpuCores }) => ({ jobId: id, memoryBytes, cpuCores })),
    outside: readouts.outside,
    pressure: readouts.pressure,
  };
}

/** With the bins that are newer than its end; what is older than `fromMs` is dropped. */
export function extended(course: Course, bins: readonly CourseBin[], fromMs: number): Course {
  const lastMs = course.timesMs.at(-1) ?? -Infinity;
  const more = bins.filter(({ timeMs }) => timeMs > lastMs);
  const skipped = Math.max(0, course.timesMs.findIndex((ms) => ms >= fromMs));
  const joined = <T>(
    old: readonly T[],
    next: (bin: CourseBin) => T,
  ) => [...old.slice(skipped), ...more.map(next)];
  const known = new Set(course.series.flatMap(({ jobId }) => jobId ?? []));
  return {
    ...course,
    timesMs: joined(course.timesMs, ({ timeMs }) => timeMs),
    series: withOther(course).map((series) => ({
      ...series,
      memoryBytes: joined(series.memoryBytes, (bin) => valueIn(bin, series, "memoryBytes", known)),
      cpuCores: joined(series.cpuCores, (bin) => valueIn(bin, series, "cpuCores", known)),
    })),
    pressure: {
      cpu: joined(course.pressure.cpu, ({ pressure }) => pressure.cpu),
      memory: joined(course.pressure.memory, ({ pressure }) => pressure.memory),
      io: joined(course.pressure.io, ({ pressure }) => pressure.io),
    },
  };
}

type Figure = "memoryBytes" | "cpuCores";

function valueIn(
  bin: CourseBin,
  series: CourseSeries,
  figure: Figure,
  known: ReadonlySet<string>,
): number | null {
  if (series.kind === "outside") return bin.outside[figure];
  const jobs = bin.jobs.filter(({ jobId }) =>
    series.kind === "job" ? jobId === series.jobId : !known.has(jobId)
  );
  return jobs.reduce((sum, job) => sum + (job[figure] ?? 0), 0);
}

/** A place for the jobs that started after the course was asked for. */
function withOther(course: Course): CourseSeries[] {
  if (course.series.some(({ kind }) => kind === "other")) return course.series;
  const nothing = course.timesMs.map(() => 0);
  const other: CourseSeries = {
    kind: "other",
    jobId: null,
    name: "other jobs",
    user: null,
    memoryBytes: nothing,
    cpuCores: nothing,
  };
  const at = course.series.findIndex(({ kind }) => kind === "outside");
  return at < 0 ? [...course.series, other] : course.series.toSpliced(at, 0, other);
}

/** A job keeps its colour while it is in view. */
export class Slots {
  readonly #slotByJob = new Map<string, number>();

  /** Gives the jobs of a course their colours, and takes them from the others. */
  assign(jobIds: readonly string[]): void {
    for (const id of this.#slotByJob.keys()) {
      if (!jobIds.includes(id)) this.#slotByJob.delete(id);
    }
    for (const id of jobIds) {
      const free = freeSlot(new Set(this.#slotByJob.values()));
      if (!this.#slotByJob.has(id) && free !== null) this.#slotByJob.set(id, free);
    }
  }

  /** A custom property of app.css. */
  colourOf(jobId: string | null): string {
    const slot = jobId === null ? undefined : this.#slotByJob.get(jobId);
    return slot === undefined ? "--other" : `--s${slot}`;
  }

  has(jobId: string): boolean {
    return this.#slotByJob.has(jobId);
  }
}

function freeSlot(taken: ReadonlySet<number>): number | null {
  for (let slot = 0; slot < SLOTS; slot++) {
    if (!taken.has(slot)) return slot;
  }
  return null;
}

/** Of the plot of the node; `night` is 18:00 to 08:00. */
export type Range = "1h" | "6h" | "24h" | "night";

const HOUR_MS = 3_600_000;

/** From and to; a range that ends now has no end. `startOfDayMs` of now: last night is 18:00 to 08:00. */
export function rangeMs(
  range: Range,
  nowMs: number,
  startOfDayMs: number,
): { fromMs: number; toMs: number | null } {
  if (range === "night") {
    const toMs = startOfDayMs + 8 * HOUR_MS;
    return { fromMs: startOfDayMs - 6 * HOUR_MS, toMs: toMs < nowMs ? toMs : null };
  }
  return { fromMs: nowMs - parseInt(range) * HOUR_MS, toMs: null };
}

/** What a plot that no reader has set begins with: a course of less than an hour is a line at the edge of a day. */
export function firstRange(usual: Range, timesMs: readonly number[], nowMs: number): Range {
  return timesMs.every((ms) => ms > nowMs - HOUR_MS) ? "1h" : usual;
}
