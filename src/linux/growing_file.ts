/**
 * A regular file that another process writes to, read as it grows and across its rotation: renamed with a new one in its place (the writer
 * may go on in either), or copied and truncated.
 *
 * Opening never blocks: a FIFO, a device or a directory is refused. Root follows no link, and no path that another user can change.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { PathError } from "../base/errors.ts";
import { ownersOf, refuseChangeable } from "../base/trust.ts";

const PIECE_BYTES = 65_536;
const LINE_FEED = 10;
/** Renamed files that are still read, the latest ones: a job that never opens its output anew writes to the first one. */
const FORMER_FILES = 8;

/** Receives what is read; false when nothing more is wanted. */
export type Take = (bytes: Uint8Array) => boolean;

interface OpenFile {
  descriptor: number;
  /** Of the next byte to be read. */
  offset: number;
  device: number;
  inode: number;
}

/** Dispose of it: it holds a file descriptor, after rotations several. */
export class GrowingFile implements Disposable {
  /** The one at the path comes last. */
  readonly #files: OpenFile[] = [];

  /** Opens the file at an absolute path. Throws PathError, TrustError. */
  constructor(readonly path: string) {
    this.#files.push(openRegular(path));
  }

  /** Skips all but the last lines of what is there. A last line without its end counts as one. */
  seekToLast(lines: number): void {
    const file = this.#files.at(-1)!;
    file.offset = startOfLast(file.descriptor, lines);
  }

  /** Reads what has come since, as far as it goes at this moment. False when `take` wants no more. */
  readNew(take: Take): boolean {
    return this.#files.every((file) => readOn(file, take));
  }

  /** Looks whether another file lies at the path by now, and opens that too. Throws what the opening throws. */
  findRotated(): "same" | "rotated" | "removed" {
    const now = statSync(this.path, { throwIfNoEntry: false });
    if (now === undefined) return "removed";
    if (this.#files.some(({ device, inode }) => device === now.dev && inode === now.ino)) return "same";
    this.#files.push(openRegular(this.path));
    for (const { descriptor } of this.#files.splice(0, this.#files.length - FORMER_FILES)) {
      closeSync(descriptor);
    }
    return "rotated";
  }

  [Symbol.dispose](): void {
    for (const { descriptor } of this.#files.splice(0)) closeSync(descriptor);
  }
}

function openRegular(path: string): OpenFile {
  const isRoot = Deno.uid() === 0;
  if (isRoot) {
    refuseChangeable({
      what: "the output file",
      path,
      remedy: "read it as the user who can",
      mayBeInSticky: true,
    }, ownersOf(path));
  }
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
  let descriptor: number;
  try {
    descriptor = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | (isRoot ? O_NOFOLLOW : 0));
  } catch (cause) {
    const isGone = (cause as { code?: string }).code === "ENOENT";
    throw isGone
      ? new PathError("the output file was removed", { path })
      : new PathError("cannot read the output file", { path, cause });
  }
  const info = fstatSync(descriptor);
  if (info.isFile()) return { descriptor, offset: 0, device: info.dev, inode: info.ino };
  closeSync(descriptor);
  throw new PathError("the output went to no regular file", { path });
}

function readOn(file: OpenFile, take: Take): boolean {
  const { size } = fstatSync(file.descriptor);
  // Truncated by a rotation that copies: the writer appends, and begins anew.
  if (size < file.offset) file.offset = 0;
  const piece = new Uint8Array(PIECE_BYTES);
  while (file.offset < size) {
    const count = readSync(file.descriptor, piece, 0, Math.min(PIECE_BYTES, size - file.offset), file.offset);
    if (count === 0) break;
    file.offset += count;
    if (!take(piece.subarray(0, count))) return false;
  }
  return true;
}

/** Reads backwards, so that the beginning of a large file is left alone. */
function startOfLast(descriptor: number, lines: number): number {
  const { size } = fstatSync(descriptor);
  if (lines === 0) return size;
  const piece = new Uint8Array(PIECE_BYTES);
  let found = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - PIECE_BYTES);
    const count = readSync(descriptor, piece, 0, end - start, start);
    for (let at = count - 1; at >= 0; at--) {
      // The end of the last line begins no line.
      if (piece[at] !== LINE_FEED || start + at === size - 1) continue;
      if (++found === lines) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
