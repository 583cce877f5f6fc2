/** The lines of a stream that anything may write to: none is held in memory past a bound. */

const PIECE_BYTES = 65_536;
const EMPTY_PIPE_PAUSE_MS = 5;
const LINE_FEED = 10;

/** What is read, such as `Deno.stdin`. */
export interface Readable {
  /** Null at the end. */
  readSync(bytes: Uint8Array): number | null;
}

/** Each line without its line feed, and null for one that is longer than `maxBytes`; the last one also without a line feed. */
export function* boundedLines(from: Readable, maxBytes: number): Generator<string | null> {
  const decoder = new TextDecoder();
  const piece = new Uint8Array(PIECE_BYTES);
  let rest = new Pieces(maxBytes);
  for (let count = read(from, piece); count !== null; count = read(from, piece)) {
    for (let start = 0; start < count;) {
      const end = piece.subarray(0, count).indexOf(LINE_FEED, start);
      rest.add(piece.subarray(start, end < 0 ? count : end));
      start = end < 0 ? count : end + 1;
      if (end < 0) continue;
      yield rest.text(decoder);
      rest = new Pieces(maxBytes);
    }
  }
  if (!rest.isEmpty) yield rest.text(decoder);
}

/** The bytes of one line. */
class Pieces {
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  constructor(readonly maxBytes: number) {}

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes <= this.maxBytes) this.#pieces.push(bytes.slice());
    else this.#pieces = [];
  }

  text(decoder: TextDecoder): string | null {
    if (this.#bytes > this.maxBytes) return null;
    if (this.#pieces.length === 1) return decoder.decode(this.#pieces[0]);
    const all = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return decoder.decode(all);
  }
}

function read(from: Readable, piece: Uint8Array): number | null {
  for (;;) {
    try {
      return from.readSync(piece);
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // Another process made the pipe non-blocking, and it is empty.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EMPTY_PIPE_PAUSE_MS);
    }
  }
}
