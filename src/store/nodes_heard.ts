/** Which nodes a merged report has heard of, and which of them did not say all. */
import type { ReportEnd } from "../job/report_end.ts";

/** More than any fleet has: a forged stream must not fill the memory with names. */
const MOST_NODES = 100_000;

interface Heard {
  /** Rows since the last end line. */
  open: number;
  /** Of the last end line: null before it. */
  last: { taken: number; end: ReportEnd } | null;
}

/** A node whose rows are not all there, and why. */
export interface Unfinished {
  host: string;
  why: string;
}

/** One entry a node. */
export class NodesHeard {
  readonly #nodes = new Map<string, Heard>();

  get count(): number {
    return this.#nodes.size;
  }

  /** Names of all of them. */
  get hosts(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** A row of it has come; false when there are too many nodes. */
  row(host: string): boolean {
    return this.#of(host) !== null;
  }

  /** That row could be read. */
  taken(host: string): void {
    this.#nodes.get(host)!.open++;
  }

  /** Its end line has come; false when there are too many nodes. */
  end(end: ReportEnd): boolean {
    const heard = this.#of(end.host);
    if (heard === null) return false;
    heard.last = { taken: heard.open, end };
    heard.open = 0;
    return true;
  }

  /** True when all that the node has said is there. */
  isWhole(host: string): boolean {
    return whyUnfinished(this.#nodes.get(host)!) === null;
  }

  /** In the order in which they were heard of. */
  *unfinished(): Generator<Unfinished> {
    for (const [host, heard] of this.#nodes) {
      const why = whyUnfinished(heard);
      if (why !== null) yield { host, why };
    }
  }

  #of(host: string): Heard | null {
    const known = this.#nodes.get(host);
    if (known !== undefined) return known;
    if (this.#nodes.size >= MOST_NODES) return null;
    const heard: Heard = { open: 0, last: null };
    this.#nodes.set(host, heard);
    return heard;
  }
}

function whyUnfinished({ open, last }: Heard): string | null {
  if (last === null || open > 0) return "cut short";
  const { taken, end } = last;
  if (taken !== end.rows) return `${taken} of ${end.rows} rows`;
  return end.whole ? null : "it could not read all of its jobs";
}
