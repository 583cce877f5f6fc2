/** The terminal as a screen that is redrawn: raw mode, the alternate screen, keys, size, signals. */
import type { StopSignals } from "./stop_signals.ts";
import { MAX_TIMER_MS } from "../base/poll.ts";
import { writeAll } from "./write.ts";

/** What happens while a screen is shown; `signal` asks for its end. */
export type ScreenEvent =
  | { kind: "key"; key: string }
  | { kind: "redraw" }
  | { kind: "signal"; signal: number };

/** A screen, until it is closed. */
export interface Screen {
  /** False when stdin is no terminal: then no key ever comes. */
  readonly hasKeys: boolean;
  /** As it is now: people resize their windows. */
  size(): { columns: number; rows: number };
  /** Writes all of it at once; false when the terminal is gone. */
  draw(frame: string): boolean;
  /** The next event; null when none came within `capMs`. */
  next(capMs: number): Promise<ScreenEvent | null>;
  /** Leaves the terminal as it was found. Never throws. */
  close(): void;
}

// xterm's names: 1049 the alternate screen, 25 the cursor, 7 wrapping (a line measured too short must not push the others down).
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/** A terminal that does not know its size reports 0. */
const USUAL = { columns: 80, rows: 24 };
const KEYS_AT_ONCE_BYTES = 256;

/** The real one: stdin and stdout of this process. */
export class TerminalScreen implements Screen {
  readonly hasKeys = Deno.stdin.isTerminal();
  readonly #events: ScreenEvent[] = [];
  #wake: () => void = () => {};
  #isOpen = false;

  /** @param stop listens already: a signal from here on must find the way back */
  constructor(stop: StopSignals) {
    stop.onSignal(() => this.#add({ kind: "signal", signal: stop.received! }));
    Deno.addSignalListener("SIGWINCH", () => this.#add({ kind: "redraw" }));
    // The shell has had the terminal while corral was stopped.
    Deno.addSignalListener("SIGCONT", () => this.#enterAgain());
    this.#enter();
    if (this.hasKeys) this.#readKeys();
  }

  size(): { columns: number; rows: number } {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
  }

  draw(frame: string): boolean {
    return writeAll(Deno.stdout, frame);
  }

  async next(capMs: number): Promise<ScreenEvent | null> {
    if (this.#events.length === 0) await this.#wait(Math.min(capMs, MAX_TIMER_MS));
    return this.#events.shift() ?? null;
  }

  close(): void {
    if (this.#isOpen) this.#leave();
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #add(event: ScreenEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  #enterAgain(): void {
    if (!this.#isOpen) return;
    this.#leave();
    this.#enter();
    this.#add({ kind: "redraw" });
  }

  #enter(): void {
    this.#isOpen = true;
    if (this.hasKeys) Deno.stdin.setRaw(true);
    try {
      writeAll(Deno.stdout, ENTER);
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #leave(): void {
    this.#isOpen = false;
    try {
      writeAll(Deno.stdout, LEAVE);
    } catch {
      // The terminal has gone: there is nothing to restore.
    }
    try {
      if (this.hasKeys) Deno.stdin.setRaw(false);
    } catch {
      // The same.
    }
  }

  async #readKeys(): Promise<void> {
    const bytes = new Uint8Array(KEYS_AT_ONCE_BYTES);
    try {
      for (let count; (count = await Deno.stdin.read(bytes)) !== null;) {
        for (const key of keysOf(new TextDecoder().decode(bytes.subarray(0, count)))) {
          this.#add({ kind: "key", key });
        }
      }
    } catch {
      // The terminal has gone; SIGHUP, or the next frame, shows it.
    }
  }
}

const ESCAPE = "\x1b";
/** Of arrows, function keys and the like (ECMA-48: CSI, SS3, ESC and a character). */
// deno-lint-ignore no-control-regex
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^[O])?/g;

/** The single characters in what came from the keyboard; a sequence that nothing follows is the key Escape itself. */
export function keysOf(input: string): string[] {
  return input === ESCAPE ? [ESCAPE] : [...input.replace(SEQUENCES, "")];
}
