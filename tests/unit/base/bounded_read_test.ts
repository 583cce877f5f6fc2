import assert from "node:assert/strict";
import { BoundedReads, readFirst } from "../../../src/base/bounded_read.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const QUICK = { slots: 2, capMs: 5 };

/** A read that answers when it is told to. */
function hanging() {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { read: () => promise, answer: resolve };
}

Deno.test("BoundedReads.run() gives what the read gives and throws what it throws", async () => {
  const reads = new BoundedReads();
  assert.equal(await reads.run(() => Promise.resolve("text")), "text");
  await assert.rejects(reads.run(() => Promise.reject(new RangeError("late"))), RangeError);
  const atOnce = (): Promise<string> => {
    throw new RangeError("at once");
  };
  await assert.rejects(reads.run(atOnce), RangeError);
});

Deno.test("BoundedReads.run() gives a slot back whatever came of the read", async () => {
  const reads = new BoundedReads({ slots: 1 });
  const failing = (): Promise<string> => {
    throw new Error("no");
  };
  for (let round = 0; round < 3; round++) await assert.rejects(reads.run(failing));
  assert.equal(await reads.run(() => Promise.resolve("free")), "free");
});

Deno.test("BoundedReads.run() runs no more at a time than it has slots, and each in its turn", async () => {
  const reads = new BoundedReads({ slots: 2 });
  let running = 0;
  let most = 0;
  const read = async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    return "done";
  };
  const all = await Promise.all(Array.from({ length: 9 }, () => reads.run(read)));
  assert.deepEqual([all.length, new Set(all), most], [9, new Set(["done"]), 2]);
});

Deno.test("BoundedReads.run() gives up on what does not answer, and others do not wait for it", async () => {
  const reads = new BoundedReads(QUICK);
  const stuck = hanging();
  assert.equal(await reads.run(stuck.read), null);
  assert.equal(await reads.run(() => Promise.resolve("other")), "other");
  stuck.answer("late");
});

Deno.test("BoundedReads.run() with a hung read in every slot answers at once, those in the queue too", async () => {
  const reads = new BoundedReads(QUICK);
  const stuck = [hanging(), hanging()];
  let tried = 0;
  const next = () => Promise.resolve(++tried);
  const results = await Promise.all([...stuck.map(({ read }) => reads.run(read)), reads.run(next)]);
  assert.deepEqual([results, tried], [[null, null, null], 0]);
  assert.equal(await reads.run(next), null);
  // What comes to life again counts again.
  for (const { answer } of stuck) answer("late");
  while (await reads.run(() => Promise.resolve("free")) === null) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.deepEqual(await Promise.all([reads.run(next), reads.run(next)]), [1, 2]);
});

Deno.test("readFirst() gives all of a file up to its bound, whatever the size of the pieces", async () => {
  using temp = new TempDir();
  for (const size of [0, 1, 4095, 4096, 4097, 69_632, 69_633, 200_000]) {
    const text = "x".repeat(size);
    const path = temp.write("file", text);
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.equal(decode(await readFirst(Deno.openSync(path), 1_000_000)), text, String(size));
    assert.equal(decode(await readFirst(Deno.openSync(path), 65_536)), text.slice(0, 65_536), String(size));
  }
});
