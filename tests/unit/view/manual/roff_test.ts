import assert from "node:assert/strict";
import { roffArgument, roffCode, roffText } from "../../../../src/view/manual/roff.ts";

Deno.test("roffText() leaves a hyphen between words and makes every other one a dash", () => {
  const rows: readonly (readonly [text: string, roff: string])[] = [
    ["wall-clock limit", "wall-clock limit"],
    ["with --dry-run or -n", "with \\-\\-dry\\-run or \\-n"],
    ["(--all)", "(\\-\\-all)"],
    ["from 1-9 - or not", "from 1\\-9 \\- or not"],
  ];
  for (const [text, roff] of rows) assert.equal(roffText(text), roff);
});

Deno.test("roffText() sets what stands between backticks in bold, as code", () => {
  assert.equal(roffText("see `corral ps --json`."), "see \\fBcorral ps \\-\\-json\\fR.");
  assert.equal(roffText("`finished-by-owner`"), "\\fBfinished\\-by\\-owner\\fR");
  assert.equal(roffText("a ` alone"), "a \\(ga alone");
  assert.equal(roffText("`a` and ` alone"), "\\fBa\\fR and \\(ga alone");
});

Deno.test("roffText() lets no text be a request or an escape", () => {
  assert.equal(roffText(".SH X"), "\\&.SH X");
  assert.equal(roffText("'quoted'"), "\\&'quoted'");
  assert.equal(roffText("a\n.SH b"), "a .SH b");
  assert.equal(roffText("\\fBa\\n"), "\\efBa\\en");
  assert.equal(roffText("a … b 𝄞"), "a \\[u2026] b \\[u1D11E]");
});

Deno.test("roffCode() and roffArgument() keep every dash and quote", () => {
  assert.equal(roffCode("a-b --c"), "a\\-b \\-\\-c");
  assert.equal(roffArgument('corral "x"'), '"corral \\(dqx\\(dq"');
});
