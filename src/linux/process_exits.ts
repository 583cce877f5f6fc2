/** Waits for the exit of any of several processes by one poll(2) over their pidfds, on a thread of its own. */
import type { Identity } from "../job/job.ts";
import { libc } from "./libc.ts";
import { canHaveThread } from "./spawn.ts";
import { openPidfd, type Pidfd } from "./pidfd.ts";
import type { Procs } from "./proc.ts";

const POLLIN = 1;
/** struct pollfd: descriptor, events, revents. */
const ENTRY_BYTES = 8;
const REVENTS_AT = 6;

/** Processes whose exit is waited for. Dispose of it: each holds a file descriptor. */
export class ProcessExits implements Disposable {
  readonly #held = new Map<string, Pidfd>();

  /** @param pause waits where no process is held */
  constructor(readonly procs: Procs, readonly pause: (ms: number) => Promise<void>) {}

  /** True while that process is known to live, and its exit ends the next wait. */
  has(key: string): boolean {
    return this.#held.has(key);
  }

  /** Holds the process that `identity` names, if it lives and the kernel can give notice of it. */
  hold(key: string, identity: Identity, bootId: string): void {
    if (this.has(key) || !this.procs.isOwn) return;
    let pidfd: Pidfd | null = null;
    try {
      pidfd = openPidfd(identity.pid, this.procs);
    } catch {
      // No descriptor is left: the caller looks at the process instead.
    }
    // Opened first and checked afterwards.
    if (pidfd?.descriptor !== undefined && this.procs.isAlive(identity, bootId)) this.#held.set(key, pidfd);
    else pidfd?.[Symbol.dispose]();
  }

  /** Resolves when one of them has exited, which is then no longer held; after `ms` at the latest. */
  async next(ms: number): Promise<void> {
    if (this.#held.size === 0 || !canHaveThread()) return await this.pause(ms);
    const held = [...this.#held];
    const entries = new DataView(new ArrayBuffer(held.length * ENTRY_BYTES));
    for (const [index, [, { descriptor }]] of held.entries()) {
      entries.setInt32(index * ENTRY_BYTES, descriptor!, true);
      entries.setInt16(index * ENTRY_BYTES + REVENTS_AT - 2, POLLIN, true);
    }
    await libc().pollAside(new Uint8Array(entries.buffer), BigInt(held.length), Math.ceil(ms));
    for (const [index, [key]] of held.entries()) {
      if (entries.getInt16(index * ENTRY_BYTES + REVENTS_AT, true) !== 0) this.release(key);
    }
  }

  /** Lets go of it. */
  release(key: string): void {
    this.#held.get(key)?.[Symbol.dispose]();
    this.#held.delete(key);
  }

  [Symbol.dispose](): void {
    for (const key of [...this.#held.keys()]) this.release(key);
  }
}
