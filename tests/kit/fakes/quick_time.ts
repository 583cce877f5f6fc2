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

/** Keeps this process busy for `ms` at a time, as calls do that block; one turn of the event loop between two. */
export async function blockTurns({ turns, ms }: { turns: number; ms: number }): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    const until = performance.now() + ms;
    while (performance.now() < until);
  }
}

/** Timers that a test looks at and sets off, instead of waiting for them. */
export class TimerLog implements Disposable {
  /** Of every timer that was set, in milliseconds. */
  readonly delaysMs: number[] = [];
  readonly #pending = new Map<number, { act: () => void; delayMs: number }>();
  readonly #setTimeout = globalThis.setTimeout;

  constructor() {
    const realTimeout = this.#setTimeout;
    globalThis.setTimeout = ((act: () => void, delayMs = 0) => {
      this.delaysMs.push(delayMs);
      const timer = realTimeout(() => {
        this.#pending.delete(timer);
        act();
      }, delayMs);
      this.#pending.set(timer, { act, delayMs });
      return timer;
    }) as typeof setTimeout;
  }

  /** Sets off, now, every timer with this delay that has not gone off. */
  fire(delayMs: number): void {
    for (const [timer, pending] of this.#pending) {
      if (pending.delayMs !== delayMs) continue;
      clearTimeout(timer);
      this.#pending.delete(timer);
      pending.act();
    }
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
  }
}
