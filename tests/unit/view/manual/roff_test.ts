import assert from "node:assert/strict";
import { readBlocks, readText } from "../../../../src/view/manual/markdown.ts";
import { roffArgument, roffCode, roffPage, roffText } from "../../../../src/view/manual/roff.ts";

function page(...lines: string[]): string[] {
  const blocks = readBlocks(lines.join("\n"));
  return roffPage({ name: "corral-x", section: 7, summary: "a - b", blocks }, "1.2").trimEnd().split("\n");
}

/** What follows the name line. */
function body(...lines: string[]): string[] {
  return page(...lines).slice(6);
}

Deno.test("roffText() leaves a hyphen between words and makes every other one a dash", () => {
  const rows: readonly (readonly [text: string, roff: string])[] = [
    ["wall-clock limit", "wall-clock limit"],
    ["with --dry-run or -n", "with \\-\\-dry\\-run or \\-n"],
    ["(--all)", "(\\-\\-all)"],
    ["from 1-9 - or D-HH", "from 1\\-9 \\- or D\\-HH"],
  ];
  for (const [text, roff] of rows) assert.equal(roffText(readText(text)), roff);
});

Deno.test("roffText() sets code in bold, variables in italics, and of a page its name", () => {
  assert.equal(roffText(readText("see `corral ps --json`.")), "see \\fBcorral ps \\-\\-json\\fR.");
  assert.equal(roffText(readText("`--name` *NAME*")), "\\fB\\-\\-name\\fR \\fINAME\\fR");
  assert.equal(roffText(readText("corral-run(1)")), "\\fBcorral\\-run\\fR(1)");
  assert.equal(roffText(readText("a ` alone")), "a \\(ga alone");
});

Deno.test("roffText() lets no text be a request or an escape", () => {
  assert.equal(roffText(readText(".SH X")), "\\&.SH X");
  assert.equal(roffText(readText("'quoted'")), "\\&'quoted'");
  assert.equal(roffText(readText("a\n.SH b")), "a .SH b");
  assert.equal(roffText(readText("\\fBa\\n")), "\\efBa\\en");
  assert.equal(roffText(readText("a … b 𝄞")), "a \\[u2026] b \\[u1D11E]");
});

Deno.test("roffCode() and roffArgument() keep every dash and quote", () => {
  assert.equal(roffCode("a-b --c"), "a\\-b \\-\\-c");
  assert.equal(roffArgument('corral "x"'), '"corral \\(dqx\\(dq"');
});

Deno.test("roffPage() begins with what man(1) needs to know, without a date", () => {
  assert.deepEqual(page(), [
    `'\\" t`,
    `.TH "CORRAL\\-X" "7" "" "corral 1.2" "Miscellaneous"`,
    ".nh",
    ".ad l",
    ".SH NAME",
    "corral\\-x \\- a \\- b",
  ]);
});

Deno.test("roffPage() sets headings, paragraphs and lists, a paragraph after a heading without a request", () => {
  assert.deepEqual(
    body("## See also", "one", "", "two", "", "### Part", "- a", "- b", "", "1. c", "", "- `d`: e"),
    [
      '.SH "SEE ALSO"',
      "one",
      ".PP",
      "two",
      '.SS "Part"',
      ".IP \\(bu 2",
      "a",
      ".IP \\(bu 2",
      "b",
      ".IP 1. 4",
      "c",
      ".TP",
      "\\fBd\\fR",
      "e",
    ],
  );
});

Deno.test("roffPage() leaves code its lines and its blanks", () => {
  assert.deepEqual(body("x", "```sh", "if a; then", "  .b -c", ".d", "", "```"), [
    ".PP",
    "x",
    ".PP",
    ".RS 4",
    ".nf",
    "if a; then",
    "  .b \\-c",
    "\\&.d",
    "",
    ".fi",
    ".RE",
  ]);
});

Deno.test("roffPage() sets a table for tbl(1), with lines between its rows where a cell is wrapped", () => {
  assert.deepEqual(body("| a | b |", "|---|---|", "| .x | |"), [
    ".PP",
    ".TS",
    "lw(2n) lw(1n).",
    "T{",
    "\\fBa\\fR",
    "T}\tT{",
    "\\fBb\\fR",
    "T}",
    "T{",
    "\\&.x",
    "T}\tT{",
    "\\&",
    "T}",
    ".TE",
  ]);
  const long = "word ".repeat(30).trim();
  assert.ok(body("| a | b |", "|---|---|", `| x | ${long} |`).join("\n").includes("T}\n\nT{"));
});
