/** README.md against the program it describes, and its blocks that run in the working tree. The others: real/readme_test.ts. */
import assert from "node:assert/strict";
import { EXIT } from "../../src/base/errors.ts";
import { findCgroup2Mount } from "../kit/machine/cgroup2.ts";
import { PROJECT_DIR } from "../kit/machine/project.ts";
import { runnableBlocks } from "../kit/readme/blocks.ts";
import { README, regenerated, REMEDY } from "../kit/readme/generated.ts";

const text = await Deno.readTextFile(README);
const blocks = runnableBlocks(text);
/** The build, a demonstration of a few seconds, and on a fresh tree the toolchain. */
const PROJECT_BLOCK_TIMEOUT_MS = 240_000;

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

const canRunJobs = Deno.uid() === 0 && findCgroup2Mount() !== null;
for (const { line, script, exitCode, says } of blocks.filter(({ place }) => place === "project")) {
  const name = `README.md line ${line}: ${script.split("\n")[0]}${
    canRunJobs ? "" : " (needs root and cgroup2)"
  }`;
  Deno.test({ name, ignore: !canRunJobs }, async () => {
    const stateDir = await Deno.makeTempDir();
    try {
      const output = await new Deno.Command("/bin/sh", {
        args: ["-e", "-c", script],
        cwd: PROJECT_DIR,
        env: { CORRAL_STATE_DIR: stateDir },
        stdin: "null",
        signal: AbortSignal.timeout(PROJECT_BLOCK_TIMEOUT_MS),
      }).output();
      const words = new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
      assert.equal(output.code, exitCode, words);
      if (says !== null) assert.match(words, says);
    } finally {
      await Deno.remove(stateDir, { recursive: true });
    }
  });
}

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
