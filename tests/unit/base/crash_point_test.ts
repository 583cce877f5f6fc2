/** The steps of the crash matrix are in the test binary and not in the one that is shipped. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { CORRAL_BINARY, CRASHING_BINARY } from "../../kit/machine/project.ts";
import { CRASHES } from "../../system/crash/matrix.ts";

/** Which of the steps' names occur in a file. */
async function namesIn(file: string): Promise<string[]> {
  const grep = new Deno.Command("grep", {
    args: ["--text", "--only-matching", "--fixed-strings", "--file=-", file],
    env: { LC_ALL: "C" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const names = new Blob([Object.keys(CRASHES).join("\n")]).stream();
  const [{ stdout }] = await Promise.all([grep.output(), names.pipeTo(grep.stdin)]);
  return [...new Set(new TextDecoder().decode(stdout).split("\n").filter((line) => line !== ""))].sort();
}

function binaryTest(file: string, name: string, expected: readonly string[]): void {
  const missing = !existsSync(file);
  Deno.test({
    name: missing ? `${name} (it is not built)` : name,
    ignore: missing,
    fn: async () => assert.deepEqual(await namesIn(file), expected),
  });
}

binaryTest(CORRAL_BINARY, "dist/corral can crash at no step of the matrix", []);
binaryTest(
  CRASHING_BINARY,
  "dist/corral-crash can crash at every step of the matrix",
  Object.keys(CRASHES).sort(),
);
