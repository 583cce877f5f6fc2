/** When a job is sampled, and which samples are kept: few enough for any job, and as true of its first second as of its last day. Pure. */
import type { MemorySplit, Sample } from "./usage.ts";

/** What was sampled of a job so far. */
export interface Sampled {
  samples: readonly Sample[];
  /** The highest of each kind that was ever seen, also in samples that are not kept. */
  peaks: MemorySplit;
}

/** Points kept of one job: two for each column of the chart. */
export const MAX_POINTS = 120;
const FIRST_SPAN_MS = 5;

/** However old the job is. */
export const LONGEST_PAUSE_MS = 60_000;
const FIRST_PAUSE_MS = 5;
/** Until here the pauses double, so that a job of 50 ms has samples too. */
const YOUNG_MS = 50;
/** From then on the next sample comes when the job is an eighth older: 70 samples in its first eight minutes, then one a minute. */
const AGE_SHARE = 8;
const STALLED_SHARE = 4;

/** Until the next sample of a job of this age. A job that was `stalled` for memory since the last one is looked at four times as often. */
export function pauseMs(ageMs: number, stalled: boolean): number {
  if (ageMs < YOUNG_MS) return Math.max(FIRST_PAUSE_MS, ageMs);
  const pause = Math.min(ageMs / AGE_SHARE, LONGEST_PAUSE_MS);
  return Math.round(Math.max(YOUNG_MS, stalled ? pause / STALLED_SHARE : pause));
}

/**
 * At most MAX_POINTS samples of a job, at most one for each span of time. When a job outgrows them the spans double; of the samples in one
 * span the one with the most memory stays, as it was taken.
 */
export class Series {
  #spanMs = FIRST_SPAN_MS;
  #points: Sample[] = [];

  constructor(samples: readonly Sample[] = []) {
    for (const sample of samples) this.add(sample);
  }

  /** In the order of time. */
  get points(): readonly Sample[] {
    return this.#points;
  }

  /** Samples come in the order of time. */
  add(sample: Sample): void {
    if (this.#spanOf(sample) >= MAX_POINTS) {
      while (this.#spanOf(sample) >= MAX_POINTS) this.#spanMs *= 2;
      const points = this.#points;
      this.#points = [];
      for (const point of points) this.#keep(point);
    }
    this.#keep(sample);
  }

  #keep(sample: Sample): void {
    const last = this.#points.at(-1);
    if (last === undefined || this.#spanOf(last) !== this.#spanOf(sample)) this.#points.push(sample);
    else this.#points[this.#points.length - 1] = richer(last, sample);
  }

  #spanOf({ offsetMs }: Sample): number {
    return Math.floor(offsetMs / this.#spanMs);
  }
}

/** The one with more memory; the later one where that is not known. */
function richer(before: Sample, after: Sample): Sample {
  return (before.memoryBytes ?? -1) > (after.memoryBytes ?? -1) ? before : after;
}
