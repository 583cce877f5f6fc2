import assert from "node:assert/strict";
import { idMismatchOffset, isJobId, newJobId } from "../../../src/value/id.ts";

const draw = (count: number) => crypto.getRandomValues(new Uint8Array(count));

Deno.test("newJobId() gives six characters without look-alikes", () => {
  for (let round = 0; round < 2000; round++) {
    const id = newJobId(draw);
    assert.match(id, /^[2-9a-hjkmnp-tv-z]{6}$/);
    assert.ok(isJobId(id), id);
  }
});

Deno.test("newJobId() uses every letter about equally often, also the first", () => {
  const counts = new Map<string, number>();
  for (let round = 0; round < 30_000; round++) {
    const first = newJobId(draw).charAt(0);
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  assert.equal(counts.size, 30);
  // 1000 expected, standard deviation 31: seven of them either way.
  for (const [letter, count] of counts) assert.ok(Math.abs(count - 1000) < 220, `${letter}: ${count}`);
});

Deno.test("newJobId() skips bytes that would favour some letters", () => {
  const bytes = [255, 240, 239, 30, 0, 255, 29, 1, 2, 250, 250, 250];
  assert.equal(newJobId((count) => Uint8Array.from(bytes.splice(0, count))), "z22z34");
});

Deno.test("newJobId() gives up on a source without usable bytes", () => {
  assert.throws(() => newJobId((count) => new Uint8Array(count).fill(255)), /random source/);
  assert.throws(() => newJobId(() => new Uint8Array(0)), /random source/);
});

Deno.test("isJobId() wants all six characters", () => {
  assert.ok(isJobId("7k2m9q"));
  for (const text of ["", "7k2m9", "7k2m9qq", "7K2M9Q", "7k2m9o", "7k2m91", "7k2m9\n", "７k2m9q"]) {
    assert.ok(!isJobId(text), text);
  }
});

Deno.test("idMismatchOffset() finds the first character that no id has", () => {
  const offsets: readonly (readonly [string, number | null])[] = [
    ["7k2m9q", null],
    ["7", null],
    ["", 0],
    ["7k0", 2],
    ["7k2m9qq", 6],
    ["😀", 0],
  ];
  for (const [text, offset] of offsets) assert.equal(idMismatchOffset(text), offset, text);
});
