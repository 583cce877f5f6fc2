/** Time that passes several times as fast for the timers and the monotonic clock of this test file: caps of seconds are over at once. */
export class QuickTime implements Disposable {
  readonly #setTimeout = globalThis.setTimeout;
  readonly #now = performance.now;

  /** @param factor such as 50: a timer of one second goes off after 20 ms */
  constructor(factor: number) {
    const realNow = this.#now.bind(performance);
    const startMs = realNow();
    performance.now = () => startMs + (realNow() - startMs) * factor;
    const realTimeout = this.#setTimeout;
    globalThis.setTimeout =
      ((act: () => void, ms = 0, ...args: unknown[]) =>
        realTimeout(act, ms / factor, ...args)) as typeof setTimeout;
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
    performance.now = this.#now;
  }
}

/** The delays, in milliseconds, of the timers that are set while it is in place. */
export class TimerLog implements Disposable {
  readonly delaysMs: number[] = [];
  readonly #setTimeout = globalThis.setTimeout;

  constructor() {
    const realTimeout = this.#setTimeout;
    globalThis.setTimeout = ((act: () => void, ms = 0, ...args: unknown[]) => {
      this.delaysMs.push(ms);
      return realTimeout(act, ms, ...args);
    }) as typeof setTimeout;
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
  }
}
