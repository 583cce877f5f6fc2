/**
 * Lines of corral's own to a reader that may have stopped reading: lines that the stream does not take within a second are dropped and
 * counted. No launch, deadline or signal may wait for a reader.
 *
 * poll(2) alone does not do: between it and the write another writer (the job) can fill the pipe. So pipes and terminals are opened anew,
 * non-blocking for this process alone (O_NONBLOCK on the descriptor itself would hold for every process that shares it), and sockets have
 * MSG_DONTWAIT.
 */
import { moreOfLibc } from "./libc.ts";

/** Linux: open(2), poll(2), send(2). */
const O_WRONLY = 1;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const POLLOUT = 4;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Where the stream cannot be opened anew: what a pipe takes whole when poll(2) reports it writable (PIPE_BUF). */
const CHUNK_BYTES = 512;
/** How long a line waits; the lines after a dropped one do not wait at all until one fits. */
const PATIENCE_MS = 1_000;

/** The major number of /dev/null and its kind (devices.txt of the kernel), and where it lies in st_rdev. */
const MEMORY_DEVICES = 1;
const MAJOR_SHIFT = 8;

const SYMBOLS = {
  open: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** One attempt to write: how many bytes were taken; negative for none, be it that it is full or broken. */
type TryWrite = (bytes: Uint8Array<ArrayBuffer>) => number;

/** How the file behind a descriptor is written to without waiting. */
interface Way {
  tryWrite: TryWrite;
  /** Waits until it may take more: true when it may. */
  waitUntilWritable: (ms: number) => boolean;
}

/** A standard stream for lines that may be lost. */
export class PatientStream {
  #way: Way | null = null;
  #dropped = 0;
  #isMidLine = false;

  /** @param direct writes to the same stream, waiting: used where it cannot wait */
  constructor(readonly fd: number, readonly direct: (text: string) => void) {}

  /** How many were lost since the last one that was written. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes whole lines, or drops them. Never throws for what the reader does. */
  write(lines: string): void {
    try {
      if (neverWaits(Deno.statSync(pathOf(this.fd)))) return this.direct(lines);
      this.#way ??= wayTo(this.fd);
      const note = this.#dropped === 0 ? "" : `corral: ${this.#dropped} lines before this one were dropped\n`;
      this.#offer(`${this.#isMidLine ? "\n" : ""}${note}${lines}`, this.#way);
    } catch {
      // No such descriptor, no libc: there is nowhere left to report it.
      this.#dropped++;
    }
  }

  #offer(text: string, { tryWrite, waitUntilWritable }: Way): void {
    const until = performance.now() + (this.#dropped === 0 ? PATIENCE_MS : 0);
    let rest = new TextEncoder().encode(text);
    while (rest.length > 0) {
      const count = tryWrite(rest);
      if (count > 0) {
        rest = rest.subarray(count);
        this.#isMidLine = rest.length > 0;
      } else if (performance.now() >= until || !waitUntilWritable(Math.max(0, until - performance.now()))) {
        this.#dropped++;
        return;
      }
    }
    this.#dropped = 0;
  }
}

/** A regular file and the kernel's own devices (/dev/null, /dev/full): they take a line or fail, and poll(2) calls them writable for ever. */
function neverWaits({ isFile, isCharDevice, rdev }: Deno.FileInfo): boolean {
  return isFile || isCharDevice === true && (rdev ?? 0) >> MAJOR_SHIFT === MEMORY_DEVICES;
}

function pathOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function wayTo(fd: number): Way {
  const c = moreOfLibc(SYMBOLS);
  const path = new TextEncoder().encode(`${pathOf(fd)}\0`);
  const own = c.open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  return {
    tryWrite: own >= 0 ? (bytes) => written(c, own, bytes) : (bytes) => sentOrWritten(c, fd, bytes),
    waitUntilWritable: (ms) => isWritable(c, own >= 0 ? own : fd, ms),
  };
}

function written(c: Libc, fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  return Number(c.write(fd, bytes, BigInt(bytes.length)));
}

/** A socket cannot be opened anew (ENXIO); nor can a pipe or terminal of another user (EACCES). */
function sentOrWritten(c: Libc, fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  if (Deno.statSync(pathOf(fd)).isSocket) {
    return Number(c.send(fd, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  return isWritable(c, fd, 0) ? written(c, fd, bytes.subarray(0, CHUNK_BYTES)) : -1;
}

/** False at an error or hang-up too: then nothing will ever be taken. */
function isWritable(c: Libc, fd: number, ms: number): boolean {
  const entry = new DataView(new ArrayBuffer(8));
  entry.setInt32(0, fd, true);
  entry.setInt16(4, POLLOUT, true);
  c.poll(new Uint8Array(entry.buffer), 1n, Math.ceil(ms));
  return entry.getInt16(6, true) === POLLOUT;
}
