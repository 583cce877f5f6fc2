/** The receipt file: opened before the job starts, so that a wrong path is known in time, and written at its end. */
import { CorralError, EXIT } from "../../base/errors.ts";
import { refuseFifo } from "../../linux/fifo.ts";
import { quoted } from "../../base/text.ts";

/** An open receipt file; it is written once. */
export interface Receipt {
  /** A disk that is full by then is reported; it must not take the job's exit code away. */
  write(text: string): void | Promise<void>;
  /** Which file it is, for the guard: `DEVICE:INODE:PATH`; null for one that another user's process writes. */
  id: string | null;
}

/** Null without a path. Throws CorralError (exit 125) when the file cannot be written. */
export function openReceipt(
  path: string | null,
  cwd: string,
  warn: (line: string) => void,
): Receipt | null {
  if (path === null) return null;
  const absolute = path.startsWith("/") ? path : `${cwd}/${path}`;
  let file: Deno.FsFile;
  try {
    refuseFifo(absolute);
    file = Deno.openSync(absolute, { write: true, create: true, truncate: true });
  } catch (cause) {
    throw new CorralError(`--receipt: cannot write ${JSON.stringify(path)}: ${(cause as Error).message}`, {
      exitCode: EXIT.CORRAL_FAILED,
      cause,
    });
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

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  using closing = file;
  for (let done = 0; done < bytes.length;) done += closing.writeSync(bytes.subarray(done));
}
