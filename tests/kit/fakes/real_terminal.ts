/** A program on a real terminal (a pseudo-terminal of the kernel), and what a person would see there. */
import { FakeTerminal } from "./terminal.ts";

/** How long a program may take to show what its test waits for. */
const SHOWS_MS = 20_000;
const DRIVER = `${import.meta.dirname}/on_terminal.py`;

/** How the program left, and how it left the terminal. */
export interface Left {
  /** -N: died of signal N. */
  exitCode: number;
  /** The terminal's attributes (termios) are those from before. */
  restored: boolean;
  /** They were others meanwhile. */
  raw: boolean;
}

type Told = { pid: number } | { output: string } | Left;

export class RealTerminal implements AsyncDisposable {
  readonly screen = new FakeTerminal(80, 24);
  /** All that was written, with its control sequences. */
  output = "";
  pid = 0;
  #left: Left | null = null;
  #changed = Promise.withResolvers<void>();
  readonly #driver: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reading: Promise<void>;

  constructor(argv: readonly string[], options: { hasKeys?: boolean; env?: Record<string, string> } = {}) {
    this.#driver = new Deno.Command("python3", {
      args: [DRIVER, options.hasKeys ?? true ? "keys" : "nokeys", ...argv],
      env: options.env ?? {},
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#orders = this.#driver.stdin.getWriter();
    this.#reading = this.#read();
  }

  press(keys: string): Promise<void> {
    return this.#order({ keys });
  }

  signal(signal: number): Promise<void> {
    return this.#order({ signal });
  }

  /** What a shell does to the terminal when it has it: attributes as before, the alternate screen left. */
  async takeBack(): Promise<void> {
    this.screen.feed("\x1b[?1049l");
    await this.#order({ cooked: true });
  }

  async resize(columns: number, rows: number): Promise<void> {
    this.screen.resize(columns, rows);
    await this.#order({ columns, rows });
  }

  /** Resolves when it holds of the lines on the screen; with these lines. */
  async shows(holds: (lines: readonly string[]) => boolean, what: string): Promise<readonly string[]> {
    await this.#until(() => holds(this.screen.lines), what);
    return this.screen.lines;
  }

  /** Resolves when the program has ended. */
  async left(): Promise<Left> {
    await this.#until(() => this.#left !== null, "end");
    return this.#left!;
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const timer = setTimeout(() => this.#changed.reject(new Error("the time is up")), SHOWS_MS);
    try {
      while (!holds()) await this.#changed.promise;
    } catch (error) {
      const seen = this.screen.lines.join("\n");
      throw new Error(`It never came to this: ${what} (${(error as Error).message}). Screen:\n${seen}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async #order(order: unknown): Promise<void> {
    await this.#orders.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const chunk of this.#driver.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
    this.#changed.reject(new Error("the terminal is gone"));
    this.#changed.promise.catch(() => {});
  }

  #take(told: Told): void {
    if ("pid" in told) this.pid = told.pid;
    else if ("exitCode" in told) this.#left = told;
    else {
      this.output += told.output;
      this.screen.feed(told.output);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orders.close().catch(() => {});
    await this.#reading;
    await this.#driver.status;
  }
}
