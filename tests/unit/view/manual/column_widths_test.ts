import assert from "node:assert/strict";
import { columnNeed, columnWidths } from "../../../../src/view/manual/column_widths.ts";

/** A column whose words can be as short as need be. */
const soft = (whole: number) => ({ whole, word: 1 });

Deno.test("columnWidths() gives each column what it needs where there is room", () => {
  assert.deepEqual(columnWidths([soft(3), soft(10)], 20), [3, 10]);
  assert.deepEqual(columnWidths([], 20), []);
});

Deno.test("columnWidths() shares among the wide columns what the narrow ones leave", () => {
  assert.deepEqual(columnWidths([soft(4), soft(100), soft(100)], 24), [4, 10, 10]);
  assert.deepEqual(columnWidths([soft(100), soft(100)], 20), [10, 10]);
});

Deno.test("columnWidths() breaks no word, be it that the table gets too wide", () => {
  assert.deepEqual(columnWidths([{ whole: 30, word: 14 }, soft(100)], 20), [14, 6]);
  assert.deepEqual(columnWidths([{ whole: 30, word: 30 }, soft(5)], 20), [30, 5]);
});

Deno.test("columnNeed() counts characters, not their bytes", () => {
  assert.deepEqual(columnNeed(["ab cde", "𝄞ü"]), { whole: 6, word: 3 });
  assert.deepEqual(columnNeed([]), { whole: 0, word: 0 });
});
