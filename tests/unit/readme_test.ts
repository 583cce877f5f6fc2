/** README.md against the program it describes. Its blocks run in tests/system. */
import assert from "node:assert/strict";
import { EXIT } from "../../src/base/errors.ts";
import { END_REASONS } from "../../src/job/job.ts";
import { PAGES } from "../../src/view/manual/pages.ts";
import { runnableBlocks } from "../kit/readme/blocks.ts";
import { DOCUMENTS, README } from "../kit/readme/documents.ts";
import { regenerated, REMEDY } from "../kit/readme/generated.ts";

const text = await Deno.readTextFile(README);
/** What a newcomer reads in one sitting. */
const MAX_LINES = 280;

Deno.test("README.md has the exit codes and end reasons of the program", async () => {
  assert.equal(text, await regenerated(text), `README.md is stale, run: ${REMEDY}`);
  for (const [name, code] of Object.entries(EXIT)) {
    assert.match(text, new RegExp(`^\\| ${code}\\b`, "m"), name);
  }
  for (const reason of Object.keys(END_REASONS)) assert.ok(text.includes(`| \`${reason}\` |`), reason);
});

Deno.test("README.md is short: the rest is in the manual", () => {
  assert.ok(text.split("\n").length <= MAX_LINES);
});

Deno.test("README.md links to headings that exist", () => {
  const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replace(/[^\w\s-]/g, "").replaceAll(" ", "-")
  );
  const links = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor!);
  assert.deepEqual(links.filter((anchor) => !anchors.includes(anchor)), []);
});

Deno.test("README.md and every page of the manual have blocks that can be read", () => {
  assert.equal(DOCUMENTS.length, 1 + Object.keys(PAGES).length);
  for (const { name, text } of DOCUMENTS) {
    assert.doesNotThrow(() => runnableBlocks(text), name);
    // Only what runs may look like a command: a prompt, or a block without a language, is not run.
    assert.doesNotMatch(text, /^```$(?=\ncorral )|^\$ /m, name);
  }
});

Deno.test("runnableBlocks() reads the notes of a block", () => {
  const [block] = runnableBlocks(
    "# Title\n\n```sh exit=124 as=alice says=a.b needs=memory on=project\none\ntwo\n```\n",
  );
  assert.deepEqual(block, {
    language: "sh",
    line: 4,
    script: "one\ntwo",
    exitCodes: [124],
    user: "alice",
    says: /a.b/,
    needs: "memory",
    place: "project",
  });
  assert.deepEqual(runnableBlocks("```sh exit=0,1\nx\n```\n")[0]?.exitCodes, [0, 1]);
});

Deno.test("runnableBlocks() leaves out what is not to be run", () => {
  assert.deepEqual(runnableBlocks("```text\nsh\n```\n\n```\nplain\n```\n"), []);
});

Deno.test("runnableBlocks() refuses a note it does not know", () => {
  assert.throws(() => runnableBlocks("```sh exits=1\nfalse\n```\n"), /exits/);
});

Deno.test("runnableBlocks() refuses a block without an end", () => {
  assert.throws(() => runnableBlocks("```sh\ntrue\n"), /line 1/);
});
