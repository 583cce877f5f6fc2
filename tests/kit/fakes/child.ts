/** A real process of a test, started by a line of shell, ended with the test. */
import { poll } from "../../../src/base/poll.ts";

/** How long a process may take to become what its test needs. */
const BECOMES_MS = 10_000;

export class Child implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  constructor(script: string) {
    this.#child = new Deno.Command("sh", { args: ["-c", script], stdin: "piped" }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
  }

  /** One that TERM does nothing to, nor any other catchable signal that is named. */
  static async ignoring(signals = "TERM"): Promise<Child> {
    const child = new Child(`trap '' ${signals}; exec sleep 1000`);
    await child.becomes("comm", /^sleep$/m);
    return child;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Name of the signal it died of; null when it exited. */
  get signal(): Promise<Deno.Signal | null> {
    return this.#child.status.then(({ signal }) => signal);
  }

  /** A line for a script that reads one. */
  async tell(line: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Resolves when a file of /proc/PID says it. */
  async becomes(file: string, what: RegExp): Promise<void> {
    const holds = () => what.test(Deno.readTextFileSync(`/proc/${this.pid}/${file}`));
    if (!await poll(holds, BECOMES_MS)) throw new Error(`Process ${this.pid} never became ${what}`);
  }

  /** As Bystander: of two signals that arrive at a process the lower number takes it. False when it ended before. */
  async wasLeftAlone(): Promise<boolean> {
    this.#kill("SIGSYS");
    this.#kill("SIGCONT");
    return await this.signal === "SIGSYS";
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill("SIGKILL");
    await this.#child.status;
    await this.#stdin.close().catch(() => {});
  }
}
