/** A pair of connected sockets (socketpair(2)), one end of which a child gets: lines to it, text from it, and neither side ever waits. */
import { bytesOf, libc, moreOfLibc } from "./libc.ts";

/** Linux, glibc: socket(2), socket(7). */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const ANSWER_BYTES = 4096;

const SYMBOLS = {
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
} as const;

/** Both ends are closed on exec, and gone with this process. */
export class SocketPair {
  /** This process's end. */
  readonly ours: number;
  /** The child's. */
  readonly theirs: number;
  #isOver = false;

  /** Throws Error where no descriptor is left. */
  constructor() {
    const pair = new Int32Array(2);
    if (moreOfLibc(SYMBOLS).socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bytesOf(pair)) !== 0) {
      throw new Error("no socket can be made (see ulimit -n)");
    }
    [this.ours, this.theirs] = [pair[0]!, pair[1]!];
  }

  /** False when the other side is gone, or its socket full. */
  send(line: string): boolean {
    const bytes = new TextEncoder().encode(`${line}\n`);
    const sent = moreOfLibc(SYMBOLS).send(
      this.ours,
      bytes,
      BigInt(bytes.length),
      MSG_DONTWAIT | MSG_NOSIGNAL,
    );
    return Number(sent) === bytes.length;
  }

  /** What has come since the last look; empty when nothing. */
  received(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(ANSWER_BYTES);
    const count = Number(moreOfLibc(SYMBOLS).recv(this.ours, bytes, BigInt(bytes.length), MSG_DONTWAIT));
    this.#isOver ||= count === 0;
    return bytes.subarray(0, Math.max(0, count));
  }

  /** True once a look has found that the other side is gone, and all it sent was received. */
  get isOver(): boolean {
    return this.#isOver;
  }

  closeOurs(): void {
    libc().close(this.ours);
  }

  /** Once the child has its copy. */
  closeTheirs(): void {
    libc().close(this.theirs);
  }
}
