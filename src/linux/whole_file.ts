/** A file that is there as a whole or not at all. */
import { PathError } from "../base/errors.ts";
import { openRead } from "./fifo.ts";
import { writeAll } from "./write.ts";

/**
 * Writes the pieces to a new file beside `path`, absolute, and gives it that name when all is written: a reader never finds half of it, and
 * on a full disk the file that was there stays. Throws PathError.
 */
export function writeWhole(path: string, pieces: Iterable<string>): void {
  const part = `${path}.part-${Deno.pid}`;
  try {
    // /dev/stdout, a FIFO: nothing takes its place.
    if (isSpecial(path)) return write(path, { write: true }, pieces);
    write(part, { write: true, createNew: true }, pieces);
    Deno.renameSync(part, path);
  } catch (cause) {
    try {
      Deno.removeSync(part);
    } catch {
      // It was never made.
    }
    throw cause instanceof PathError ? cause : new PathError("cannot write", { path, cause });
  }
}

function isSpecial(path: string): boolean {
  try {
    return !Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function write(path: string, options: Deno.OpenOptions, pieces: Iterable<string>): void {
  using file = openRead(path, () => Deno.openSync(path, options));
  for (const text of pieces) if (!writeAll(file, text)) throw new Error("its reader has gone");
  if (options.createNew) file.syncSync();
}
