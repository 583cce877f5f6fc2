import assert from "node:assert/strict";
import { type Block, plainText, readBlocks, readText } from "../../../../src/view/manual/markdown.ts";

/** A block in short: kind and plain text. */
function inShort(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `h${block.level} ${plainText(block.text)}`;
    case "paragraph":
      return `p ${plainText(block.text)}`;
    case "code":
      return `code ${block.lines.join("/")}`;
    case "list":
      return `${block.isNumbered ? "numbers" : "bullets"} ${block.items.map(plainText).join("/")}`;
    case "terms":
      return `terms ${
        block.items.map(({ term, text }) => `${plainText(term)}=${plainText(text)}`).join("/")
      }`;
    case "table":
      return `table ${block.rows.map((row) => row.map(plainText).join(",")).join("/")}`;
  }
}

function read(...lines: string[]): string[] {
  return readBlocks(lines.join("\n")).map(inShort);
}

Deno.test("readBlocks() joins the lines of a paragraph and ends it at whatever else begins", () => {
  assert.deepEqual(read("one", "two", "", "three", "## Head", "four", "- a", "- b", "", "five"), [
    "p one two",
    "p three",
    "h2 Head",
    "p four",
    "bullets a/b",
    "p five",
  ]);
});

Deno.test("readBlocks() leaves code as it stands, notes and all that looks like Markdown", () => {
  assert.deepEqual(read("```sh exit=1", "# no heading", "", "  `x` | - y", "```", "after"), [
    "code # no heading//  `x` | - y",
    "p after",
  ]);
  assert.throws(() => read("```sh", "true"), SyntaxError);
});

Deno.test("readBlocks() takes bullets that all name a term for terms", () => {
  assert.deepEqual(read("- `-n`, `--name` *NAME*: a label:", "  and more", "- **x: y**: z", "- *VALUE*:"), [
    "terms -n, --name NAME=a label: and more/x: y=z/VALUE=",
  ]);
  assert.deepEqual(read("- `a`: b", "- no term"), ["bullets a: b/no term"]);
  assert.deepEqual(read("- not `code: first`: b"), ["bullets not code: first: b"]);
  assert.deepEqual(read("1. one", "   more", "2. two", "- other"), ["numbers one more/two", "bullets other"]);
});

Deno.test("readBlocks() reads tables without their ruler, and bars in cells", () => {
  assert.deepEqual(read("| a | b |", "|---|---|", "| `x \\| y` | |", "| | 1 |"), ["table a,b/x | y,/,1"]);
});

Deno.test("readText() knows code, strong, variables and pages, and nothing else", () => {
  assert.deepEqual(readText("see `a *B*` or **c d**, *NAME* and corral-run(1)."), [
    { kind: "text", text: "see " },
    { kind: "code", text: "a *B*" },
    { kind: "text", text: " or " },
    { kind: "strong", text: "c d" },
    { kind: "text", text: ", " },
    { kind: "variable", text: "NAME" },
    { kind: "text", text: " and " },
    { kind: "page", text: "corral-run(1)" },
    { kind: "text", text: "." },
  ]);
  for (const plain of ["*, ? and [a-z] as in a shell", "2 * 3 * 4", "a ` alone", "sleep(now)", "_x_ <b>"]) {
    assert.deepEqual(readText(plain), [{ kind: "text", text: plain }], plain);
  }
});
