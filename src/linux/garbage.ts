/**
 * Garbage of a process that stays for days and makes a lot of it: V8 lets its heap grow to several times of what is in use before it collects, and
 * what the heap only points to (buffers, texts of the runtime) with it. A collection of forty megabytes takes some 30 ms.
 */

import { trimMemory } from "./libc.ts";

/** So much garbage is let be, */
const LEAST_BYTES = 8 << 20;
/** or this share of what is in use: the more that is, the longer a collection takes. */
const SHARE = 0.25;

/** What is collected, and how; without `collect` nothing is. */
export interface Collector {
  usedBytes(): number;
  collect: (() => void) | undefined;
}

/** That of V8; `gc` is there when it runs with --expose-gc, as .toolchain/build.ts has it. */
const V8: Collector = {
  usedBytes() {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  },
  collect: collectorOf((globalThis as { gc?: () => void }).gc),
};

function collectorOf(gc: (() => void) | undefined): Collector["collect"] {
  return gc && (() => {
    gc();
    trimMemory("/proc");
  });
}

/** Of one process. */
export class Garbage {
  #leftBytes = 0;

  constructor(readonly collector: Collector = V8) {}

  /** Collects it when there is much of it. Costs a tenth of a millisecond otherwise. */
  bound(): void {
    const { collector } = this;
    if (collector.collect === undefined) return;
    const usedBytes = collector.usedBytes();
    if (usedBytes < this.#leftBytes + Math.max(LEAST_BYTES, this.#leftBytes * SHARE)) return;
    collector.collect();
    this.#leftBytes = collector.usedBytes();
  }
}
