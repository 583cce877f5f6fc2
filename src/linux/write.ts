/** Writing to the standard streams. */
import { libc } from "./libc.ts";
import { PatientStream } from "./patient_stream.ts";

const FULL_PIPE_PAUSE_MS = 1;

/**
 * Writes everything. A reader that has gone away (EPIPE) is not an error: the rest is dropped, and the answer is false.
 */
export function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  text: string | Uint8Array,
): boolean {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  for (let done = 0; done < bytes.length;) {
    try {
      done += stream.writeSync(bytes.subarray(done));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return false;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // Another process made the pipe non-blocking, and it is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_PAUSE_MS);
    }
  }
  return true;
}

const POLLERR = 8;

/** True when the reader of stdout, a pipe, has gone away: nothing that is written will be read. */
export function isReaderGone(): boolean {
  const entry = new DataView(new ArrayBuffer(8));
  entry.setInt32(0, 1, true);
  libc().poll(entry.buffer, 1n, 0);
  return (entry.getInt16(6, true) & POLLERR) !== 0;
}

const stderr = new PatientStream(2, (text) => void writeAll(Deno.stderr, text));
const stdout = new PatientStream(1, (text) => void writeAll(Deno.stdout, text));

/**
 * Writes lines of corral's own to stderr, at most for a second: a reader that does not read, a full disk or a terminal that has gone (EIO)
 * is no reason to leave a job unsupervised.
 */
export function writeDiagnostics(text: string): void {
  stderr.write(text);
}

/** The same to stdout, for commands whose work must not wait for a reader of their words. */
export function offerOutput(text: string): void {
  stdout.write(text);
}
