/** Runs a command line of the admin's own (from an option or root's configuration) through the shell, bounded in time and output. */
import type { CommandResult } from "./command.ts";

/** What no list of job states needs. More is a program gone wrong. */
const OUTPUT_CAP_BYTES = 16 * 1024 * 1024;
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
    const words = Promise.all([text(child.stdout), text(child.stderr), feed(child.stdin, stdin)]);
    words.catch(() => {});
    const result = await Promise.race([words, tooLate]);
    const status = result === null ? null : await Promise.race([child.status, tooLate]);
    if (result === null || status === null) return endGroup(child, null);
    const [stdout, stderr] = result;
    return { code: status.code, stdout, stderr: stderr.trim() };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return endGroup(child, { code: FAILED_CODE, stdout: "", stderr: error.message });
  } finally {
    clearTimeout(timer);
  }
}

/** A command need not read what it is given. */
async function feed(stream: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // EPIPE: it has closed its stdin or ended.
  }
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let words = "";
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > OUTPUT_CAP_BYTES) throw new RangeError(`it prints more than ${OUTPUT_CAP_BYTES} bytes`);
    words += decoder.decode(chunk, { stream: true });
  }
  return words + decoder.decode();
}

/** setsid(1) execs, so the child leads its group, and as long as any of it lives nobody else can have that number. */
function endGroup<T>(child: Deno.ChildProcess, result: T): T {
  try {
    Deno.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
  return result;
}
