import assert from "node:assert/strict";
import { measureFor, truncate } from "../../../src/view/width.ts";
import { always, fc, textOf } from "../../kit/fakes/properties.ts";

Deno.test("measureFor() counts columns of wide, combining and joined characters", async () => {
  const measure = await measureFor(["é"]);
  const widths: readonly (readonly [string, number])[] = [["abc", 3], ["é", 1], ["e\u0301", 1], ["值", 2], [
    "😀",
    2,
  ], ["", 0]];
  for (const [text, columns] of widths) assert.equal(measure(text), columns, text);
  assert.equal((await measureFor(["abc", ""]))("abc"), 3);
});

Deno.test("truncate() keeps what fits and ends the rest with an ellipsis", async () => {
  const measure = await measureFor(["值"]);
  const cut: readonly (readonly [string, number, string])[] = [
    ["abcdef", 6, "abcdef"],
    ["abcdef", 5, "abcd…"],
    ["abcdef", 1, "…"],
    ["abcdef", 0, ""],
    ["", 0, ""],
    ["值值值", 6, "值值值"],
    ["值值值", 5, "值值…"],
    ["值值值", 4, "值…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
  ];
  for (const [text, columns, shown] of cut) assert.equal(truncate(text, columns, measure), shown, text);
});

Deno.test("truncate() never exceeds the columns it was given", async () => {
  const measure = await measureFor(["值"]);
  const pieces = ["a", "值", "😀", "e\u0301", "ｱ", "👍🏽", "नि", "\u{1F1E9}\u{1F1EA}"];
  always(fc.tuple(textOf(pieces, 12), fc.nat(25)), ([text, columns]) => {
    const shown = truncate(text, columns, measure);
    assert.ok(measure(shown) <= columns, `${text} in ${columns}: ${shown}`);
    assert.ok(text.startsWith(shown.replace(/…$/, "")), shown);
  }, 2000);
});
