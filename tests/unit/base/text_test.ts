import assert from "node:assert/strict";
import { printable, printableAscii, quoted, shortened } from "../../../src/base/text.ts";
import { always, fc } from "../../kit/fakes/properties.ts";

const SHOWN: readonly (readonly [string, string, string])[] = [
  ["plain text", "plain text ~!", "plain text ~!"],
  ["newline, return, tab", "a\nb\rc\td", "a\\nb\\rc\\td"],
  ["an escape sequence", "\x1b[2J", "\\x1b[2J"],
  ["NUL, bell, DEL", "\0\x07\x7f", "\\x00\\x07\\x7f"],
  ["C1 controls", "\x9b31m\x85", "\\x9b31m\\x85"],
  ["bidi overrides and isolates", "\u202e\u2066\u200f\u061c", "\\u202e\\u2066\\u200f\\u061c"],
  ["zero-width characters", "a\u200bb\u200d\ufeff\u2060", "a\\u200bb\\u200d\\ufeff\\u2060"],
  ["soft hyphen and fillers", "\u00ad\u3164\u115f", "\\xad\\u3164\\u115f"],
  ["line separators", "\u2028\u2029", "\\u2028\\u2029"],
  ["spaces that pass for a plain one", "\u00a0\u3000\u2003", "\\xa0\\u3000\\u2003"],
  ["lone surrogates", "\ud800x\udc00", "\\ud800x\\udc00"],
  ["tag characters and private use", "\u{e0041}\ue000\u{10ffff}", "\\u{e0041}\\ue000\\u{10ffff}"],
  ["variation selectors", "❤\ufe0f", "❤\\ufe0f"],
  ["a combining mark without a base", "\u0301a", "\\u0301a"],
  ["stacked combining marks", "a\u0301\u0302\u0303\u0304b", "a\u0301\u0302\\u0303\\u0304b"],
  ["letters of the world", "Größe 値 Ελλάδα 😀 é नि", "Größe 値 Ελλάδα 😀 é नि"],
  ["a backslash", "C:\\n", "C:\\n"],
];

for (const [what, text, shown] of SHOWN) {
  Deno.test(`printable() with ${what}`, () => assert.equal(printable(text), shown));
}

Deno.test("printable() leaves no control or format character in any Unicode text, and twice is once", () => {
  const codes = fc.oneof(fc.nat(0x10ffff), fc.nat(0x3000), fc.nat(0x400));
  always(fc.array(codes, { maxLength: 20 }), (points) => {
    const text = String.fromCodePoint(...points);
    const shown = printable(text);
    assert.match(shown, /^[^\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]*$/u);
    assert.equal(printable(shown), shown);
    assert.match(printableAscii(text), /^[\x20-\x7e]*$/);
  }, 3000);
});

Deno.test("printable() is quick with 1 MB of hostile text", () => {
  for (const unit of ["\x1b", "\u0301", "\ud800", "a\u200b"]) {
    const started = performance.now();
    printable(unit.repeat(1_000_000 / unit.length));
    const tookMs = performance.now() - started;
    assert.ok(tookMs < 20_000, `${JSON.stringify(unit)} took ${tookMs} ms`);
  }
});

Deno.test("printableAscii() spells out everything else", () => {
  assert.equal(printableAscii("２h é 😀\n"), "\\uff12h \\xe9 \\u{1f600}\\n");
});

Deno.test("quoted() and shortened() cut long text at a whole character", () => {
  assert.equal(quoted("a\nb"), '"a\\nb"');
  assert.equal(quoted("x".repeat(41)), `"${"x".repeat(40)}..."`);
  assert.equal(shortened("ab😀cd", 3), "ab...");
  assert.equal(shortened("ab😀cd", 4), "ab😀...");
});
