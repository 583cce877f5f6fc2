import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_DIR } from "../../kit/machine/project.ts";

/** Packages that only the tests may use: none of them belongs into the binary. */
const FOR_TESTS = ["ajv", "fast-check", "playwright-core"];

/** The words between quotes after `from` or `import(`, of every module below a folder. */
function imports(folder: string): Set<string> {
  const found = new Set<string>();
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) { for (const word of imports(path)) found.add(word); }
    else if (name.endsWith(".ts")) {
      for (const [, word] of Deno.readTextFileSync(path).matchAll(/(?:from |import\(|import )"([^"]+)"/g)) {
        found.add(word!);
      }
    }
  }
  return found;
}

Deno.test("src imports none of the packages that are for tests", () => {
  const { imports: packages } = JSON.parse(Deno.readTextFileSync(join(PROJECT_DIR, "deno.json")));
  const used = [...imports(join(PROJECT_DIR, "src"))].filter((word) => !/^(\.|node:)/.test(word));
  assert.ok(used.length >= 4);
  const allowed = Object.keys(packages).filter((name) => !FOR_TESTS.includes(name));
  assert.deepEqual(used.filter((word) => !allowed.includes(word)), []);
  assert.deepEqual(FOR_TESTS.filter((name) => !(name in packages)), []);
});
