import assert from "node:assert/strict";
import { caretLines } from "../../../src/base/caret.ts";
import { printableAscii } from "../../../src/base/text.ts";
import { always, fc, textOf } from "../../kit/fakes/properties.ts";

Deno.test("caretLines() points at the character, also past the end", () => {
  assert.deepEqual(caretLines("2h3x", 3), ["2h3x", "   ^"]);
  assert.deepEqual(caretLines("2h3x", 0), ["2h3x", "^"]);
  assert.deepEqual(caretLines("2h30", 4), ["2h30", "    ^"]);
});

Deno.test("caretLines() stays right behind wide, combining and control characters", () => {
  assert.deepEqual(caretLines("值x", 1), ["\\u503cx", "      ^"]);
  assert.deepEqual(caretLines("😀x", 2), ["\\u{1f600}x", "         ^"]);
  assert.deepEqual(caretLines("\n\x1bx", 2), ["\\n\\x1bx", "      ^"]);
});

Deno.test("caretLines() shows only what is around the caret", () => {
  const [shown, caret] = caretLines("a".repeat(5000) + "X" + "b".repeat(5000), 5000);
  assert.equal(shown, `...${"a".repeat(36)}X${"b".repeat(35)}...`);
  assert.equal(shown[caret.length - 1], "X");
});

Deno.test("caretLines() stays under the right character in any text", () => {
  const pieces = ["a", "\n", "\x1b", "值", "😀", "\u202e", "\u0301", "x".repeat(50), "\ud800"];
  always(fc.tuple(textOf(pieces, 20), textOf(pieces, 20)), ([left, after]) => {
    const before = left.replace(/[\ud800-\udbff]$/, "");
    const [shown, caret] = caretLines(before + "@" + after, before.length);
    assert.equal(shown[caret.length - 1], "@", shown);
    assert.ok(shown.length <= 78, `${shown.length} columns`);
    const plain = shown.replace(/^\.{3}/, "").replace(/\.{3}$/, "");
    assert.ok(printableAscii(before + "@" + after).includes(plain), plain);
  });
});
