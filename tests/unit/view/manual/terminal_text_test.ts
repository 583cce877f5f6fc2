import assert from "node:assert/strict";
import { readBlocks } from "../../../../src/view/manual/markdown.ts";
import { type TerminalForm, terminalText } from "../../../../src/view/manual/terminal_text.ts";

function shown(form: Partial<TerminalForm>, ...lines: string[]): string[] {
  const page = { name: "corral-x", section: 7, summary: "short", blocks: readBlocks(lines.join("\n")) };
  return terminalText(page, { widthColumns: 40, bold: false, ...form }).trimEnd().split("\n").slice(1);
}

Deno.test("terminalText() wraps to the width, within bounds, and to 80 columns in a pipe", () => {
  const text = "abcdefghi ".repeat(30);
  const longest = (widthColumns: number | null) =>
    Math.max(...shown({ widthColumns }, text).map((line) => line.length));
  assert.equal(longest(40), 4 + 29);
  assert.equal(longest(null), 4 + 69);
  assert.equal(longest(500), 4 + 89);
  assert.equal(longest(3), longest(40));
});

Deno.test("terminalText() sets every kind of block", () => {
  const lines = [
    "## Head",
    "some `code`",
    "",
    "### Part",
    "- a",
    "- b c",
    "",
    "1. d",
    "",
    "- `e`: f",
    "",
    "```",
    "g",
    "",
    " h",
    "```",
  ];
  assert.deepEqual(shown({}, ...lines), [
    "",
    "HEAD",
    "",
    "    some code",
    "",
    "  Part",
    "",
    "    - a",
    "    - b c",
    "",
    "    1. d",
    "",
    "    e",
    "        f",
    "",
    "        g",
    "",
    "         h",
  ]);
});

Deno.test("terminalText() hangs what goes on below an item", () => {
  assert.deepEqual(shown({}, `- ${"abcde ".repeat(8).trim()}`), [
    "",
    "    - abcde abcde abcde abcde abcde",
    "      abcde abcde abcde",
  ]);
});

Deno.test("terminalText() wraps the cells of a table and sets its rows apart then", () => {
  assert.deepEqual(shown({}, "| k | v |", "|---|---|", "| a | b c |", "| d | |"), [
    "",
    "    k  v",
    "    a  b c",
    "    d",
  ]);
  assert.deepEqual(shown({}, "| k | v |", "|---|---|", `| a | ${"abcde ".repeat(8).trim()} |`), [
    "",
    "    k  v",
    "",
    "    a  abcde abcde abcde abcde abcde",
    "       abcde abcde abcde",
  ]);
});

Deno.test("terminalText() makes words bold one by one, and measures them without their style", () => {
  const [, line, next] = shown({ bold: true }, "`abcdefghij klmnopqrst` `uvwxyzabcdefghij h`");
  const bold = (word: string) => `\x1b[1m${word}\x1b[22m`;
  assert.equal(line, `    ${bold("abcdefghij")} ${bold("klmnopqrst")}`);
  assert.equal(next, `    ${bold("uvwxyzabcdefghij")} ${bold("h")}`);
});
