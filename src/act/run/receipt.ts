/** The receipt file: opened before the job starts, so that a wrong path is known in time, and written at its end. */
import { CorralError, EXIT } from "../../base/errors.ts";
import { ANSWER_CAP_MS, runScript, type ScriptResult } from "../../linux/apart.ts";
import { refuseFifo } from "../../linux/fifo.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import { quoted } from "../../base/text.ts";

/** An open receipt file; it is written once. */
export interface Receipt {
  /** A disk that is full by then is reported; it must not take the job's exit code away. */
  write(text: string): void | Promise<void>;
  /** Which file it is, for the guard: `DEVICE:INODE:PATH`; null for one that another user's process writes. */
  id: string | null;
}

/** Null without a path. Throws CorralError (exit 125) when the file cannot be written. */
export async function openReceipt(
  path: string | null,
  cwd: string,
  warn: (line: string) => void,
): Promise<Receipt | null> {
  if (path === null) return null;
  const absolute = path.startsWith("/") ? path : `${cwd}/${path}`;
  return isOnLocalFileSystem(absolute)
    ? localReceipt(absolute, path, warn)
    : await distantReceipt(absolute, path, warn);
}

function localReceipt(absolute: string, path: string, warn: (line: string) => void): Receipt {
  let file: Deno.FsFile;
  try {
    refuseFifo(absolute);
    file = Deno.openSync(absolute, { write: true, create: true, truncate: true });
  } catch (cause) {
    throw cannotWrite(path, (cause as Error).message);
  }
  const { dev, ino } = file.statSync();
  return {
    id: `${dev}:${ino}:${absolute}`,
    write: (text) => {
      try {
        writeAll(file, new TextEncoder().encode(text.endsWith("\n") ? text : `${text}\n`));
      } catch (error) {
        warn(`warning: the receipt ${quoted(path)} is incomplete: ${(error as Error).message}`);
      }
    },
  };
}

function cannotWrite(path: string, why: string): CorralError {
  return new CorralError(`--receipt: cannot write ${JSON.stringify(path)}: ${why}`, {
    exitCode: EXIT.CORRAL_FAILED,
  });
}

/** One on a file system that may not answer: tried and written by processes of their own. A file that is open would keep corral itself. */
async function distantReceipt(
  absolute: string,
  path: string,
  warn: (line: string) => void,
): Promise<Receipt> {
  const made = await runScript(`${NO_FIFO} : >"$1" && stat -L -c %d:%i -- "$1"`, {
    args: [absolute],
    capMs: ANSWER_CAP_MS,
  });
  if (made?.code !== 0) throw cannotWrite(path, whyNot(made));
  return {
    id: `${made.stdout.trim()}:${absolute}`,
    async write(text) {
      const stdin = text.endsWith("\n") ? text : `${text}\n`;
      const script = `${NO_FIFO} exec cat >"$1"`;
      const result = await runScript(script, { args: [absolute], stdin, capMs: ANSWER_CAP_MS });
      if (result?.code !== 0) warn(`warning: the receipt ${quoted(path)} is incomplete: ${whyNot(result)}`);
    },
  };
}

/** A FIFO without a reader would be waited for. */
const NO_FIFO = '[ ! -p "$1" ] || { echo "it is a fifo, which may never have a reader" >&2; exit 1; };';

/** The shell's own words follow the path. */
function whyNot(result: ScriptResult | null): string {
  if (result === null) return `no answer for ${ANSWER_CAP_MS / 1000} s`;
  return result.stderr.replace(/^.*: /s, "");
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  using closing = file;
  for (let done = 0; done < bytes.length;) done += closing.writeSync(bytes.subarray(done));
}
