/** README.md against the program it describes. Its blocks run in tests/system. */
import assert from "node:assert/strict";
import { EXIT } from "../../src/base/errors.ts";
import { runnableBlocks } from "../kit/readme/blocks.ts";
import { README, regenerated, REMEDY } from "../kit/readme/generated.ts";

const text = await Deno.readTextFile(README);

Deno.test("README.md has the option tables and end reasons of the program", async () => {
  assert.equal(text, await regenerated(text), `README.md is stale, run: ${REMEDY}`);
});

Deno.test("README.md names every exit code that corral gives by itself", () => {
  const section = text.slice(text.indexOf("## Exit codes"), text.indexOf("## Permissions"));
  for (const [name, code] of Object.entries(EXIT)) assert.match(section, new RegExp(`\\b${code}\\b`), name);
});

Deno.test("README.md links to headings that exist", () => {
  const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replace(/[^\w\s-]/g, "").replaceAll(" ", "-")
  );
  const links = [...text.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor!);
  assert.ok(links.length > 0);
  assert.deepEqual(links.filter((anchor) => !anchors.includes(anchor)), []);
});

Deno.test("runnableBlocks() reads the notes of a block", () => {
  const [block] = runnableBlocks(
    "# Title\n\n```sh exit=124 as=alice says=a.b needs=memory on=project\none\ntwo\n```\n",
  );
  assert.deepEqual(block, {
    language: "sh",
    line: 4,
    script: "one\ntwo",
    exitCode: 124,
    user: "alice",
    says: /a.b/,
    needs: "memory",
    place: "project",
  });
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
