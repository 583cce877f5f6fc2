/** A connection that stays open from one call to the next, if that is soon. */
import { type Line, SystemdRefusal } from "./connection.ts";

/**
 * How long a connection that no call uses stays open. The manager sends every connection the signals of all units, and keeps what is not
 * read: a supervisor that waits for days must not be one of its listeners.
 */
const HOLD_MS = 250;

/** Opened at the first call, and again after each release. */
export class HeldLine {
  #line: Line | null = null;
  #timer: number | undefined;

  /** @param open may throw SystemdRefusal, which goes to the caller of `use` */
  constructor(readonly open: () => Promise<Line>) {}

  /**
   * Calls on the open one, else on a new one; one call at a time. Then it waits for the next call, and does not keep the process; a
   * connection that broke is closed.
   */
  async use<T>(call: (line: Line) => Promise<T>): Promise<T> {
    clearTimeout(this.#timer);
    const line = this.#line ??= await this.open();
    try {
      const result = await call(line);
      this.#rest();
      return result;
    } catch (error) {
      if (error instanceof SystemdRefusal && error.errorName !== null) this.#rest();
      else this.release();
      throw error;
    }
  }

  #rest(): void {
    if (this.#line === null) return;
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
