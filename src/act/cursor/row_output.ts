/**
 * Where the rows of `report --cursor` go. A regular file can be asked, after a kill, which rows it has already; a pipe cannot.
 */
import { boundedLines } from "../../linux/bounded_lines.ts";
import type { Pending } from "./cursor_file.ts";

/** What rows are written to. */
export interface RowTarget {
  /** False when the reader has gone. */
  write(bytes: Uint8Array): boolean;
  /** Opens it anew for reading, by its path; null for a pipe or a terminal. */
  readonly path: string | null;
}

/** Longer lines are none of corral's rows that could not be read again. */
const LINE_BYTES = 64 * 1024 * 1024;
const LINE_FEED = 10;

/** Rows on their way, each once. */
export interface RowOutput extends Disposable {
  /** What the cursor has to hold before the next row is written; null where it is of no use. */
  readonly pending: Pending | null;
  /** Writes the lines that are not there yet, to the disk; false when the reader has gone. */
  write(lines: readonly string[]): boolean;
}

/** `before`: what the cursor held; not null after a run that was killed. */
export function rowOutput(target: RowTarget, before: Pending | null): RowOutput {
  const file = target.path === null ? null : openRegular(target.path);
  return file === null ? new PipeOutput(target) : new FileOutput(target, file, before);
}

/** Null for what is no regular file, or may be written and not read. */
function openRegular(path: string): Deno.FsFile | null {
  try {
    return Deno.statSync(path).isFile ? Deno.openSync(path) : null;
  } catch {
    return null;
  }
}

class PipeOutput implements RowOutput {
  readonly pending = null;

  constructor(readonly target: RowTarget) {}

  write(lines: readonly string[]): boolean {
    return this.target.write(encoded(lines));
  }

  [Symbol.dispose](): void {}
}

class FileOutput implements RowOutput {
  readonly pending: Pending;
  /** Rows that a killed run has written. */
  readonly #written = new Set<string>();
  /** The last line of it, cut short by the kill. */
  #torn: Uint8Array = new Uint8Array();

  constructor(readonly target: RowTarget, readonly file: Deno.FsFile, before: Pending | null) {
    const { dev, ino, size } = file.statSync();
    const here = { device: Number(dev), inode: Number(ino ?? 0), offset: size };
    const isSame = before !== null && before.device === here.device && before.inode === here.inode;
    if (!isSame) {
      this.pending = here;
      return;
    }
    // A file that was emptied since has none of the rows.
    this.pending = { ...here, offset: Math.min(before.offset, size) };
    this.#readBack(size);
  }

  #readBack(size: number): void {
    this.file.seekSync(this.pending.offset, Deno.SeekMode.Start);
    for (const line of boundedLines(this.file, LINE_BYTES)) {
      const key = line === null ? null : keyOf(line);
      if (key !== null) this.#written.add(key);
    }
    this.#torn = this.#lastLine(size);
    // It may lack its line feed alone.
    this.#written.delete(keyOf(new TextDecoder().decode(this.#torn)) ?? "");
  }

  #lastLine(size: number): Uint8Array {
    const wanted = Math.min(LINE_BYTES, size - this.pending.offset);
    this.file.seekSync(size - wanted, Deno.SeekMode.Start);
    const bytes = new Uint8Array(wanted);
    let count = 0;
    for (let more = 1; count < wanted && more > 0; count += more) {
      more = this.file.readSync(bytes.subarray(count)) ?? 0;
    }
    const tail = bytes.subarray(0, count);
    return tail.slice(tail.lastIndexOf(LINE_FEED) + 1);
  }

  write(lines: readonly string[]): boolean {
    const missing = lines.filter((line) => !this.#written.has(keyOf(line) ?? ""));
    if (missing.length > 0 && !this.target.write(this.#completed(missing))) return false;
    this.file.syncSync();
    return true;
  }

  /** The rest of a line that was cut short comes first; one that is not among them is ended, so that the next begins a line. */
  #completed(lines: readonly string[]): Uint8Array {
    const torn = this.#torn;
    if (torn.length === 0) return encoded(lines);
    this.#torn = new Uint8Array();
    const found = lines.find((line) => startsWith(encoded([line]), torn));
    if (found === undefined) return encoded(["\n", ...lines]);
    return encoded([found, ...lines.filter((line) => line !== found)]).subarray(torn.length);
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

function encoded(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join(""));
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.length <= bytes.length && start.every((byte, index) => bytes[index] === byte);
}

/** What no two jobs have in common; null for what is no row. */
function keyOf(line: string): string | null {
  try {
    const { host, id, uid, createdAt } = JSON.parse(line);
    return typeof id === "string" ? JSON.stringify([host, id, uid, createdAt]) : null;
  } catch {
    return null;
  }
}
