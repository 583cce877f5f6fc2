/** Runs a command line of the admin's own (from an option or root's configuration) through the shell, bounded in time and output. */
import type { CommandResult } from "./command.ts";

/** More than any list of job states needs: a command that prints more has gone wrong. */
const OUTPUT_CAP_BYTES = 16 * 1024 * 1024;
/**
 * A process that the command leaves behind may hold its output open for days (ssh with ControlPersist). The command's own words are in the
 * pipe when it ends: reading stops once the pipe has been quiet for so long.
 */
const DRAIN_QUIET_MS = 200;
/** Given for a command that was cut off. */
const FAILED_CODE = 1;

/**
 * `sh -c COMMAND` in a session of its own, with `stdin` as its input. Null when it has not ended within `capMs`: then everything in its
 * session's process group is killed, as when it prints more than 16 MiB (exit code 1). Exit code 128+N for a death by signal N.
 */
export async function runShell(
  command: string,
  { stdin, capMs }: { stdin: string; capMs: number },
): Promise<CommandResult | null> {
  const child = new Deno.Command("setsid", {
    args: ["--", "sh", "-c", command],
    cwd: "/",
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let timer: number | undefined;
  const tooLate = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), capMs));
  try {
    const output = [new Output(child.stdout), new Output(child.stderr)] as const;
    const whole = Promise.all(output.map(({ whole }) => whole));
    whole.catch(() => {});
    feed(child.stdin, stdin);
    // Or an output that floods it.
    const status = await Promise.race([child.status, tooLate, whole.then(() => child.status)]);
    if (status === null) return endGroup(child, null);
    await Promise.race([whole, Promise.all(output.map((one) => one.drained(DRAIN_QUIET_MS)))]);
    const [stdout, stderr] = output.map((one) => one.take());
    return { code: status.code, stdout: stdout!, stderr: stderr!.trim() };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return endGroup(child, { code: FAILED_CODE, stdout: "", stderr: error.message });
  } finally {
    clearTimeout(timer);
  }
}

/** A command need not read its input. */
async function feed(stream: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // EPIPE: it has closed its stdin or ended.
  }
}

/** The words of one stream, as far as they have come. */
class Output {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #words = "";
  #bytes = 0;
  #timer: number | undefined;
  /** Resolves at its end. Throws RangeError for more than OUTPUT_CAP_BYTES. */
  readonly whole: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
    this.whole = this.#read();
  }

  async #read(): Promise<void> {
    for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
      this.#bytes += next.value.length;
      if (this.#bytes > OUTPUT_CAP_BYTES) {
        throw new RangeError(`it prints more than ${OUTPUT_CAP_BYTES} bytes`);
      }
      this.#words += this.#decoder.decode(next.value, { stream: true });
    }
  }

  /** Resolves once nothing has come for `quietMs`. */
  async drained(quietMs: number): Promise<void> {
    for (let before = -1; before !== this.#bytes;) {
      before = this.#bytes;
      await new Promise((resolve) => this.#timer = setTimeout(resolve, quietMs));
    }
  }

  /** What there is; a process that still holds the other end has no reader from now on. */
  take(): string {
    clearTimeout(this.#timer);
    this.#reader.cancel().catch(() => {});
    return this.#words + this.#decoder.decode();
  }
}

/** setsid(1) execs, so the child leads its group, and as long as any of it lives the kernel gives that number to no other process. */
function endGroup<T>(child: Deno.ChildProcess, result: T): T {
  try {
    Deno.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
  return result;
}
