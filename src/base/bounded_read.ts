/**
 * Reads that may never return. The kernel takes a process's mmap_lock to show its command line or environment, and a process that waits
 * for a dead file server can hold it for ever: ps(1) hangs there. Such a read costs a thread of the runtime, which nothing can take back.
 */

/** A process that has not shown its memory by then is not going to. */
export const READ_CAP_MS = 1_000;
/** Deno 2.7.11 has 32 threads for what blocks; half of them must stay for everything else. */
const SLOTS = 16;
/** Most command lines and environments fit into the first piece, of a page; what does not comes in larger ones. */
const FIRST_PIECE_BYTES = 4_096;
const PIECE_BYTES = 65_536;

/** When to give up. Times in milliseconds. */
export interface BoundedReadsOptions {
  /** Reads under way at one time. */
  slots?: number;
  capMs?: number;
}

/** Lets reads run, each in bounded time; all of them together take at most one cap longer than the slowest one that answers. */
export class BoundedReads {
  readonly #slots: number;
  readonly #capMs: number;
  #busy = 0;
  #hung = 0;
  #waiting: ((granted: boolean) => void)[] = [];

  constructor(options: BoundedReadsOptions = {}) {
    this.#slots = options.slots ?? SLOTS;
    this.#capMs = options.capMs ?? READ_CAP_MS;
  }

  /** What `read` gives; null when it does not answer in time, and at once while a hung read holds every slot. Throws what `read` throws. */
  async run<T>(read: () => Promise<T>): Promise<T | null> {
    if (this.#hung === this.#slots) return null;
    if (this.#busy < this.#slots) this.#busy++;
    else if (!await new Promise<boolean>((resolve) => this.#waiting.push(resolve))) return null;
    return await new Promise<T | null>((resolve, reject) => {
      let hung = false;
      const timer = setTimeout(() => {
        hung = true;
        this.#countHung();
        resolve(null);
      }, this.#capMs);
      // Not called right here: what it throws before its first await must give the slot back too.
      Promise.resolve().then(read).then(resolve, reject).finally(() => {
        clearTimeout(timer);
        this.#giveBack(hung);
      });
    });
  }

  #countHung(): void {
    if (++this.#hung < this.#slots) return;
    for (const grant of this.#waiting.splice(0)) grant(false);
  }

  /** To the next in line. A slot whose read came to an end after all is a slot again. */
  #giveBack(wasHung: boolean): void {
    if (wasHung) this.#hung--;
    const grant = this.#waiting.shift();
    if (grant === undefined) this.#busy--;
    else grant(true);
  }
}

/** The threads belong to the whole program, and so does the count of reads that hang. */
export const boundedReads = new BoundedReads();

/** The first `maxBytes` of a file of /proc, which gives as much as it is asked for until its end. Closes the file. */
export async function readFirst(file: Deno.FsFile, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const first = new Uint8Array(Math.min(maxBytes, FIRST_PIECE_BYTES));
    const count = await file.read(first) ?? 0;
    return count < FIRST_PIECE_BYTES ? first.subarray(0, count) : await readOn(file, first, maxBytes);
  } finally {
    file.close();
  }
}

async function readOn(
  file: Deno.FsFile,
  first: Uint8Array<ArrayBuffer>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = [first];
  for (let left = maxBytes - first.length; left > 0;) {
    const piece = new Uint8Array(Math.min(left, PIECE_BYTES));
    const count = await file.read(piece) ?? 0;
    pieces.push(piece.subarray(0, count));
    left -= count;
    if (count < piece.length) break;
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
