/** How far long work has come: one line on the terminal that stderr is, rewritten, and gone before anything else is printed. */

/** Work that takes less shows nothing. */
const FIRST_AFTER_MS = 1_000;
const INTERVAL_MS = 200;
/** To the beginning of the line; and from there clear it (ECMA-48: CR, EL). */
const CLEAR = "\r\x1b[K";

/** Where progress is shown. */
export interface Progress {
  /** True where a person would see it; otherwise the work need not be counted. */
  readonly isSeen: boolean;
  /** Shows it when it is time to; `words` is asked for only then. */
  tell(words: () => string): void;
  /** Takes the line away. */
  clear(): void;
}

/** The line. It is cut at the width of the terminal: one that wraps could not be taken away. */
export class ProgressLine implements Progress {
  #nextMs: number;
  #isShown = false;

  /** @param write to stderr; null when that is no terminal */
  constructor(
    readonly write: ((text: string) => void) | null,
    readonly columns: () => number,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#nextMs = now() + FIRST_AFTER_MS;
  }

  get isSeen(): boolean {
    return this.write !== null;
  }

  tell(words: () => string): void {
    if (this.write === null || this.now() < this.#nextMs) return;
    this.#nextMs = this.now() + INTERVAL_MS;
    this.#isShown = true;
    this.write(`${CLEAR}${words().slice(0, this.columns() - 1)}`);
  }

  clear(): void {
    if (this.#isShown) this.write?.(CLEAR);
    this.#isShown = false;
  }
}
