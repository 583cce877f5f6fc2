import assert from "node:assert/strict";
import { csvField, csvFields, csvLines } from "../../../../src/view/report/csv.ts";
import { REPORT_COLUMNS } from "../../../../src/view/report/columns.ts";
import type { ShownColumn, Value } from "../../../../src/view/shown_column.ts";
import { readCsv } from "../../../kit/fakes/table.ts";
import { fc, several, textOf } from "../../../kit/fakes/properties.ts";

const column = (jsonKey: string, changes: Partial<ShownColumn> = {}): ShownColumn => ({
  key: jsonKey,
  title: jsonKey,
  jsonKey,
  align: "left",
  show: String,
  ...changes,
});
const csv = (columns: readonly ShownColumn[], rows: readonly (readonly Value[])[], isForTerminal = false) =>
  [...csvLines(columns.map((one) => csvField(one, isForTerminal)), rows)].join("");

Deno.test("csvLines() ends lines as RFC 4180 wants, quotes what needs it and leaves unknown fields empty", () => {
  assert.equal(
    csv([column("a"), column("b"), column("c")], [["x", 1, null], ['say "hi"', "a,b", "two\nlines"], [
      " ",
      "\r",
      "",
    ]]),
    'a,b,c\r\nx,1,\r\n"say ""hi""","a,b","two\nlines"\r\n ,"\r",\r\n',
  );
});

Deno.test("csvLines() makes a line of a single unknown field that readers take for a row", async () => {
  assert.equal(csv([column("a")], [[null], ["x"]]), 'a\r\n""\r\nx\r\n');
  assert.deepEqual(await readCsv(csv([column("a")], [[null], ["x"]])), [{ a: "" }, { a: "x" }]);
});

Deno.test("csvLines() writes what the column writes, and numbers in full", () => {
  const seconds = column("s", { write: (value) => `${value} s`, show: () => "shown" });
  assert.equal(csv([seconds, column("n")], [[3, 9_007_199_254_740_991]]), "s,n\r\n3 s,9007199254740991\r\n");
});

Deno.test("csvLines() for a terminal shows control characters escaped, and keeps them otherwise", () => {
  const hostile = "\x1b[31m\u202e";
  assert.equal(csv([column("a")], [[hostile]], true), "a\r\n\\x1b[31m\\u202e\r\n");
  assert.equal(csv([column("a")], [[hostile]]), `a\r\n${hostile}\r\n`);
});

Deno.test("csvLines() is read back by python3 as it was, whatever the cells hold", async () => {
  const pieces = [
    '"',
    ",",
    "\n",
    "\r",
    "\r\n",
    "'",
    "=1+1",
    "a",
    " ",
    "\t",
    "é",
    "日",
    "\u202e",
    "\x1b",
    ";",
    "\\",
  ];
  const cell = textOf(pieces, 6);
  const rows = several(fc.tuple(cell, cell, cell), 300);
  const read = await readCsv(csv([column("a"), column("b"), column("c")], rows));
  assert.deepEqual(read.map(({ a, b, c }) => [a, b, c]), rows);
});

Deno.test("csvFields() has all titles in the order of the columns", () => {
  const fields = csvFields(REPORT_COLUMNS, false);
  assert.deepEqual(fields.flatMap(({ titles }) => titles), REPORT_COLUMNS.map(({ jsonKey }) => jsonKey));
  assert.ok(fields.length < REPORT_COLUMNS.length / 2);
});
