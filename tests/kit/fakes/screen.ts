/** A terminal of a test at which somebody sits: frames go to a FakeTerminal, events come from a list. */
import type { Screen, ScreenEvent } from "../../../src/linux/terminal.ts";
import { FakeTerminal } from "./terminal.ts";

/** The time that `next()` may wait goes by; a key; a window of another size; or what happens with a signal. */
export type Happening = "tick" | { key: string } | { columns: number; rows: number } | { signal: number };

export class FakeScreen implements Screen {
  readonly terminal = new FakeTerminal(100, 10);
  hasKeys = true;
  isOpen = false;
  /** What happens one after another; then `q` is pressed. */
  readonly happenings: Happening[] = [];
  /** How long the loop wanted to wait each time. */
  readonly capsMs: number[] = [];
  /** What was on the screen after each frame, without its blank lines. */
  readonly seen: string[][] = [];
  /** Nobody sees frames after this one. */
  lastFrame = Infinity;

  constructor(readonly passTime: (ms: number) => void) {}

  open(): this {
    this.isOpen = true;
    this.terminal.feed("\x1b[?1049h");
    return this;
  }

  size(): { columns: number; rows: number } {
    return { columns: this.terminal.columns, rows: this.terminal.rows };
  }

  draw(frame: string): boolean {
    this.terminal.feed(frame);
    this.seen.push(this.terminal.lines);
    return this.seen.length < this.lastFrame;
  }

  next(capMs: number): Promise<ScreenEvent | null> {
    this.capsMs.push(capMs);
    return Promise.resolve(this.#happen(this.happenings.shift() ?? { key: "q" }, capMs));
  }

  #happen(happening: Happening, capMs: number): ScreenEvent | null {
    if (happening === "tick") {
      this.passTime(capMs);
      return null;
    }
    if ("key" in happening) return { kind: "key", ...happening };
    if ("signal" in happening) return { kind: "signal", ...happening };
    this.terminal.resize(happening.columns, happening.rows);
    return { kind: "redraw" };
  }

  close(): void {
    if (this.isOpen) this.terminal.feed("\x1b[?1049l");
    this.isOpen = false;
  }
}
