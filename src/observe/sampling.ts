/**
 * What a job holds while it lives, which no counter of its cgroup keeps: memory by kind, and its course. Taken by the job's supervisor
 * while it waits, and, just before, by the process that ends the job.
 */
import type { OwnedCgroup } from "../cgroup/file.ts";
import {
  type Readable,
  readAllOomKills,
  readMemorySplit,
  readMemoryStalls,
  readSample,
} from "../cgroup/usage.ts";
import type { Clock } from "../linux/clock.ts";
import { LONGEST_PAUSE_MS, pauseMs, type Sampled, Series } from "../job/series.ts";
import { higherSplit, type MemorySplit, NO_SPLIT, type Sample } from "../job/usage.ts";
import type { Ledger } from "../store/ledger.ts";

/** A supervisor that is killed loses at most what it saw in the later half of its job's life, and never more than five minutes of it. */
const SAVE_SHARE = 2;
const FIRST_SAVE_MS = 15_000;
const SAVE_AT_LEAST_MS = 300_000;
/** Rises of the count of OOM kills; when more come in a few seconds, the job is out of memory at this moment. */
const KILLS_KEPT = 100;

/** The samples of one job. Nothing here throws: a figure that cannot be read must not disturb the supervision. */
export class Sampling implements Sampled {
  readonly #series: Series;
  readonly #file: Readable;
  #stalls = 0;
  /** When they had risen, and to how many: those of the last seconds, and the last one before. */
  #oomKills: { ageMs: number; count: number }[] = [];
  #savedMs = 0;
  peaks: MemorySplit;

  /** @param startedBootMs null for a job whose launch was cut short; @param before what was sampled by a supervisor that is gone */
  constructor(
    cgroup: OwnedCgroup,
    readonly startedBootMs: number | null,
    readonly clock: Clock,
    before: Sampled = { samples: [], peaks: NO_SPLIT },
  ) {
    this.#file = withoutMissing({
      read: (file) => cgroup.read(file),
      locate: (file) => cgroup.fs.locate(cgroup.path, file),
    });
    this.#series = new Series(before.samples);
    this.peaks = before.peaks;
  }

  get samples(): readonly Sample[] {
    return this.#series.points;
  }

  /** Looks at the living job, which is so old now. */
  take(ageMs: number | null = attempt(() => this.#ageMs())): void {
    if (ageMs === null) return;
    attempt(() => {
      const { sample, split } = readSample(this.#file, ageMs);
      // A cgroup that has vanished gives no figures.
      if (Object.values({ ...sample, offsetMs: null }).every((value) => value === null)) return;
      this.#series.add(sample);
      this.#noteOomKills(ageMs);
      this.peaks = higherSplit(this.peaks, split);
    });
  }

  /** How many processes of the job the kernel had killed for memory so long ago, as far as was seen. */
  oomKillsBefore(ms: number): number {
    const untilMs = (attempt(() => this.#ageMs()) ?? 0) - ms;
    return this.#oomKills.findLast(({ ageMs }) => ageMs <= untilMs)?.count ?? 0;
  }

  #noteOomKills(ageMs: number): void {
    const count = readAllOomKills(this.#file);
    if (count > (this.#oomKills.at(-1)?.count ?? 0)) {
      this.#oomKills = [...this.#oomKills.slice(-KILLS_KEPT), { ageMs, count }];
    }
  }

  /** Looks at what the job leaves: what is its own goes with its processes, pages of files stay charged to it. */
  takeRemains(): void {
    attempt(() => {
      this.peaks = higherSplit(this.peaks, { ...readMemorySplit(this.#file), anonBytes: null });
    });
  }

  /**
   * Samples at widening intervals until it is disposed, and saves what it has from time to time. Keeps no process alive. `onLook` is called
   * with each, and may throw.
   */
  follow(ledger: Ledger, id: string, onLook: () => void = () => {}): Disposable {
    let timer: number;
    const arm = (ms: number) => {
      timer = setTimeout(() => {
        attempt(onLook);
        arm(this.#look(ledger, id));
      }, ms);
      Deno.unrefTimer(timer);
    };
    arm(pauseMs(0, false));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }

  /** One sample; how long to wait for the next one. */
  #look(ledger: Ledger, id: string): number {
    return attempt(() => {
      const ageMs = this.#ageMs();
      this.take(ageMs);
      const dueMs = Math.min(SAVE_AT_LEAST_MS, Math.max(FIRST_SAVE_MS, ageMs / SAVE_SHARE));
      if (ageMs - this.#savedMs >= dueMs && ledger.saveSampled(id, this)) this.#savedMs = ageMs;
      return pauseMs(ageMs, this.#isStalled());
    }) ?? LONGEST_PAUSE_MS;
  }

  #ageMs(): number {
    return this.startedBootMs === null ? 0 : Math.max(0, this.clock.bootMs() - this.startedBootMs);
  }

  /** True when the kernel had to slow the job down or stop it for memory since the last look. */
  #isStalled(): boolean {
    const stalls = readMemoryStalls(this.#file);
    const isStalled = stalls > this.#stalls;
    this.#stalls = stalls;
    return isStalled;
  }
}

/**
 * What was not there once (no controller, an older kernel) is not asked for again: an error costs as much as reading three files. The file
 * of a controller that is switched on in mid-job is missed; its counters would not be the job's.
 */
function withoutMissing(file: Readable): Readable {
  const missing = new Set<string>();
  return {
    ...file,
    read: (name) => {
      const text = missing.has(name) ? null : file.read(name);
      if (text === null) missing.add(name);
      return text;
    },
  };
}

function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
