/** The memory of each live job over the last hour: its twelve values in a row of the table, and the pace at which it grows. */
import type { Sample } from "../job/usage.ts";

/** Of one value. */
const BIN_MS = 300_000;
const BINS = 12;
/** The pace is the slower of that of the last half hour and that of the last minutes: what has been filled grows no more. */
const PACE_BINS = 6;
const PACE_LEAST_MS = 120_000;
const RECENT_STEP_MS = 30_000;
const RECENT_POINTS = 10;
const RECENT_LEAST_MS = 60_000;

interface Bin {
  number: number;
  atMs: number;
  /** The highest of its time. */
  bytes: number;
  /** The first of its time. */
  firstBytes: number;
}

/** Keeps them between looks. */
export class Sparks {
  readonly #bins = new Map<string, Bin[]>();
  readonly #recent = new Map<string, { atMs: number; bytes: number }[]>();

  isKnown(key: string): boolean {
    return this.#bins.has(key);
  }

  /** What was sampled of a job that is seen for the first time. */
  begin(key: string, samples: readonly Sample[], startedMs: number): void {
    this.#bins.set(key, []);
    for (const { offsetMs, memoryBytes } of samples) {
      if (memoryBytes !== null) this.add(key, startedMs + offsetMs, memoryBytes);
    }
  }

  add(key: string, atMs: number, bytes: number): void {
    const bins = this.#bins.get(key) ?? [];
    this.#bins.set(key, bins);
    this.#addRecent(key, atMs, bytes);
    const number = Math.floor(atMs / BIN_MS);
    const last = bins.at(-1);
    if (last !== undefined && last.number >= number) last.bytes = Math.max(last.bytes, bytes);
    else bins.push({ number, atMs, bytes, firstBytes: bytes });
    while (bins.length > 0 && bins[0]!.number <= number - BINS) bins.shift();
  }

  /** Oldest first. */
  values(key: string): number[] {
    return (this.#bins.get(key) ?? []).map(({ bytes }) => bytes);
  }

  /** Bytes that it grows by in a second, as of now; null where that is not known yet. */
  pace(key: string, atMs: number, bytes: number): number | null {
    const from = (this.#bins.get(key) ?? []).at(-PACE_BINS) ?? this.#bins.get(key)?.[0];
    const recent = this.#recent.get(key)?.[0];
    if (from === undefined || recent === undefined) return null;
    if (atMs - from.atMs < PACE_LEAST_MS || atMs - recent.atMs < RECENT_LEAST_MS) return null;
    return Math.min(
      (bytes - from.firstBytes) * 1000 / (atMs - from.atMs),
      (bytes - recent.bytes) * 1000 / (atMs - recent.atMs),
    );
  }

  #addRecent(key: string, atMs: number, bytes: number): void {
    const points = this.#recent.get(key) ?? [];
    this.#recent.set(key, points);
    const last = points.at(-1);
    if (last !== undefined && atMs - last.atMs < RECENT_STEP_MS) return;
    points.push({ atMs, bytes });
    if (points.length > RECENT_POINTS) points.shift();
  }

  /** Forgets all but these. */
  keep(keys: ReadonlySet<string> | ReadonlyMap<string, unknown>): void {
    for (const key of this.#bins.keys()) {
      if (keys.has(key)) continue;
      this.#bins.delete(key);
      this.#recent.delete(key);
    }
  }
}
