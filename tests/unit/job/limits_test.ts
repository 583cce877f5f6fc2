import assert from "node:assert/strict";
import { diesAsOne, isOnlyImplied, LIMIT_ROWS, NO_LIMITS, withImpliedSwap } from "../../../src/job/limits.ts";

Deno.test("LIMIT_ROWS: every limit has key, option, file and property of its own, and a file of its controller's", () => {
  for (const column of ["key", "option", "file", "property"] as const) {
    assert.equal(new Set(LIMIT_ROWS.map((row) => row[column])).size, LIMIT_ROWS.length, column);
  }
  for (const { file, controller } of LIMIT_ROWS) assert.ok(file.startsWith(`${controller}.`), file);
  assert.deepEqual(Object.keys(NO_LIMITS), LIMIT_ROWS.map(({ key }) => key));
});

Deno.test("withImpliedSwap() allows no swap with a memory limit, unless swap is limited otherwise", () => {
  const asked = { ...NO_LIMITS, memoryMaxBytes: 4096 };
  assert.deepEqual(withImpliedSwap(asked), { limits: { ...asked, swapMaxBytes: 0 }, swapIsImplied: true });
  const both = { ...asked, swapMaxBytes: 7 };
  assert.deepEqual(withImpliedSwap(both), { limits: both, swapIsImplied: false });
  assert.deepEqual(withImpliedSwap(NO_LIMITS), { limits: NO_LIMITS, swapIsImplied: true });
});

Deno.test("isOnlyImplied() is true for a limit that the caller did not ask for", () => {
  assert.ok(isOnlyImplied("swapMaxBytes", { swapIsImplied: true }));
  assert.ok(!isOnlyImplied("swapMaxBytes", { swapIsImplied: false }));
  assert.ok(!isOnlyImplied("memoryMaxBytes", { swapIsImplied: true }));
});

Deno.test("diesAsOne() is true with a limit of memory.max alone", () => {
  assert.ok(diesAsOne({ ...NO_LIMITS, memoryMaxBytes: 4096 }));
  assert.ok(!diesAsOne({ ...NO_LIMITS, memoryHighBytes: 4096, swapMaxBytes: 0 }));
});
