import assert from "node:assert/strict";
import { Garbage } from "../../../src/linux/garbage.ts";

const MIB = 1 << 20;

/** A heap in which `inUse` is left by a collection. */
class FakeHeap {
  bytes = 0;
  collections = 0;

  constructor(public inUse: number) {}

  usedBytes(): number {
    return this.bytes;
  }

  readonly collect = (): void => {
    this.collections++;
    this.bytes = this.inUse;
  };
}

Deno.test("garbage never grows beyond its bound, and each collection is worth its time", () => {
  const heap = new FakeHeap(20 * MIB);
  const garbage = new Garbage(heap);
  heap.bytes = heap.inUse;
  garbage.bound();
  assert.equal(heap.collections, 1);
  for (let look = 0; look < 24; look++) {
    heap.bytes += 4 * MIB;
    garbage.bound();
    assert.ok(heap.bytes < 28 * MIB, `${heap.bytes / MIB} MiB`);
  }
  assert.equal(heap.collections, 1 + 24 / 2);
});

Deno.test("what little garbage there is stays", () => {
  const heap = new FakeHeap(5 * MIB);
  const garbage = new Garbage(heap);
  heap.bytes = 7 * MIB;
  garbage.bound();
  assert.equal(heap.collections, 0);
});

Deno.test("the more is in use, the more garbage is let be", () => {
  const heap = new FakeHeap(100 * MIB);
  const garbage = new Garbage(heap);
  heap.bytes = 101 * MIB;
  garbage.bound();
  heap.bytes = 124 * MIB;
  garbage.bound();
  assert.equal(heap.collections, 1);
  heap.bytes = 125 * MIB;
  garbage.bound();
  assert.equal(heap.collections, 2);
});

Deno.test("without a way to collect nothing is measured", () => {
  const garbage = new Garbage({
    usedBytes: () => assert.fail("measured"),
    collect: undefined,
  });
  assert.doesNotThrow(() => garbage.bound());
});
