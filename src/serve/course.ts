/** The node's own course: bins of five minutes for eight days, which survive a restart, and of half a minute for the last hour. */
import {
  BinSum,
  type CourseFacts,
  type CourseLook,
  courseOf,
  type KeptBin,
  type WhoseOf,
} from "./course_bins.ts";
import { type CourseFile, type KeptCourse, MOST_BINS } from "./course_file.ts";
import type { Course, CourseBin } from "./feed.ts";

const FINE_MS = 30_000;
const COARSE_MS = 300_000;
const HOUR_MS = 3_600_000;
/** Slack, so that a page that asks for the last hour gets it fine. */
const FINE_KEPT_MS = HOUR_MS + COARSE_MS;

/** Kept by one server. */
export class NodeCourse {
  readonly #kept: KeptCourse;
  readonly #fine: KeptBin[] = [];
  #fineSum: BinSum | null = null;
  #coarseSum: BinSum | null = null;

  constructor(readonly file: CourseFile) {
    this.#kept = file.load();
  }

  /** Takes a look; the bin of half a minute that has ended with it, if any. */
  add(look: CourseLook, whose: WhoseOf): CourseBin | null {
    const ended = this.#endFine(look.atMs, whose);
    this.#endCoarse(look.atMs, whose);
    this.#fineSum ??= new BinSum(endOf(look.atMs, FINE_MS));
    this.#coarseSum ??= new BinSum(endOf(look.atMs, COARSE_MS));
    this.#fineSum.add(look);
    this.#coarseSum.add(look);
    return ended;
  }

  /** Of a range: fine where it lies in the last hour and that is kept, else coarse. `whose` knows the live jobs. */
  range(fromMs: number, toMs: number, facts: Omit<CourseFacts, "binMs">): Omit<Course, "events"> {
    const first = this.#fine[0];
    const isFine = first !== undefined && fromMs >= this.#fine.at(-1)!.timeMs - FINE_KEPT_MS &&
      !this.#kept.bins.some(({ timeMs }) => timeMs > fromMs && timeMs <= first.timeMs - FINE_MS);
    const [bins, binMs] = isFine ? [this.#fine, FINE_MS] : [this.#coarse(), COARSE_MS];
    const within = bins.filter(({ timeMs }) => timeMs > fromMs && timeMs - binMs < toMs);
    const whose: WhoseOf = (id) => this.#kept.names.get(id) ?? facts.whose(id);
    return courseOf(within, { ...facts, whose, binMs });
  }

  /** With the one that has not ended yet. */
  #coarse(): KeptBin[] {
    const sum = this.#coarseSum;
    return sum === null || sum.isEmpty ? this.#kept.bins : [...this.#kept.bins, sum.kept()];
  }

  #endFine(atMs: number, whose: WhoseOf): CourseBin | null {
    const sum = this.#fineSum;
    if (sum === null || !isOver(sum, atMs, FINE_MS)) return null;
    this.#fineSum = null;
    this.#put(this.#fine, sum.kept(), whose);
    while (this.#fine.length > 0 && this.#fine[0]!.timeMs < atMs - FINE_KEPT_MS) this.#fine.shift();
    return sum.whole();
  }

  #endCoarse(atMs: number, whose: WhoseOf): void {
    const sum = this.#coarseSum;
    if (sum === null || !isOver(sum, atMs, COARSE_MS)) return;
    this.#coarseSum = null;
    const { bins } = this.#kept;
    const bin = sum.kept();
    this.#put(bins, bin, whose);
    if (bins.length > MOST_BINS) bins.splice(0, bins.length - MOST_BINS);
    this.#forgetNames();
    this.file.append(bin, this.#kept);
  }

  /** Behind the others: after a clock that was set back, what was kept of later times makes no sense. */
  #put(bins: KeptBin[], bin: KeptBin, whose: WhoseOf): void {
    const { names } = this.#kept;
    for (const id of bin.jobs.keys()) {
      const known = names.has(id) ? null : whose(id);
      if (known !== null) names.set(id, known);
    }
    while (bins.length > 0 && bins.at(-1)!.timeMs >= bin.timeMs) bins.pop();
    bins.push(bin);
  }

  /** Names of jobs that no bin has any more. */
  #forgetNames(): void {
    const { bins, names } = this.#kept;
    if (names.size < 4 * MOST_BINS) return;
    const used = new Set([...bins, ...this.#fine].flatMap(({ jobs }) => [...jobs.keys()]));
    for (const id of names.keys()) if (!used.has(id)) names.delete(id);
  }
}

/** The wall clock can be set back: then the bin is over too. */
function isOver({ endMs }: BinSum, atMs: number, binMs: number): boolean {
  return atMs >= endMs || atMs < endMs - 2 * binMs;
}

function endOf(atMs: number, binMs: number): number {
  return (Math.floor(atMs / binMs) + 1) * binMs;
}
