/** A connection that stays open from one call to the next, if that is soon. */
import type { Line } from "./connection.ts";

/**
 * How long a connection that no call uses stays open. The manager sends every connection the signals of all units, and keeps what is not
 * read: a supervisor that waits for days must not be one of its listeners.
 */
const HOLD_MS = 250;

/** Opened at the first call, and again after each release. */
export class HeldLine {
  #line: Line | null = null;
  #timer: number | undefined;

  /** @param open may throw SystemdRefusal, which goes to the caller of `line` */
  constructor(readonly open: () => Promise<Line>) {}

  /** The open one, else a new one; for one call at a time. */
  async line(): Promise<Line> {
    clearTimeout(this.#timer);
    return this.#line ??= await this.open();
  }

  /** The call is over: the connection waits for the next one, and does not keep the process. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.release(), HOLD_MS);
    Deno.unrefTimer(this.#timer);
  }

  /** Closes it. */
  release(): void {
    clearTimeout(this.#timer);
    this.#line?.close();
    this.#line = null;
  }
}
