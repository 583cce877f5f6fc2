import assert from "node:assert/strict";
import { ValueError } from "../../../src/base/errors.ts";
import { parsePid, parseTasks, parseWeight } from "../../../src/value/count.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";

Deno.test("parseTasks() and parseWeight() read whole numbers up to what the kernel takes", () => {
  for (const [text, tasks] of [["1", 1], ["0300", 300], ["4194304", 4_194_304]] as const) {
    assert.equal(parseTasks(text), tasks);
  }
  assert.equal(parseWeight("1"), 1);
  assert.equal(parseWeight("10000"), 10_000);
});

Deno.test("parseTasks() and parseWeight() put the caret under the first character that is no digit", () => {
  for (
    const [text, offset] of [["", 0], ["-1", 0], ["1.5", 1], ["1e3", 1], ["12 ", 2], ["max", 0]] as const
  ) {
    assertRefused(parseTasks, text, offset);
    assertRefused(parseWeight, text, offset);
  }
});

Deno.test("parseTasks() and parseWeight() refuse what is out of range, and say so", () => {
  assert.equal(assertRefused(parseTasks, "0", 0).reason, "it is zero");
  assert.equal(assertRefused(parseTasks, "4194305", 0).reason, "it is too large");
  assert.equal(assertRefused(parseWeight, "10001", 0).reason, "it is too large");
  assert.match(assertRefused(parseWeight, "10001", 0).message, /from 1 to 10000$/);
  assertRefused(parseTasks, "9".repeat(400), 0);
});

Deno.test("parsePid() takes what a kernel can give out", () => {
  assert.equal(parsePid("4711"), 4711);
  assert.match(assertRefused(parsePid, "0", 0).message, /as a process id: it is zero/);
  for (const text of ["-1", "self", "4711,4712", "4194305", ""]) {
    assert.throws(() => parsePid(text), ValueError);
  }
});

Deno.test("parseTasks() only ever refuses hostile text", () => {
  assertOnlyRefuses(parseTasks, ["100", "4194304"]);
});
