/**
 * All test files of CORRAL_TEST_PATHS (files and directories, relative to the project) as one module: `deno test`
 * gives each file it is named a realm of its own, and each would boot its own machine.
 */
import { join } from "node:path";
import { PROJECT_DIR } from "./project.ts";

for (const path of (Deno.env.get("CORRAL_TEST_PATHS") ?? "tests/system/machine").split(" ")) {
  for (const file of testFiles(join(PROJECT_DIR, path))) await import(`file://${file}`);
}

function testFiles(path: string): string[] {
  if (path.endsWith("_test.ts")) return [path];
  const names = [...Deno.readDirSync(path)].map(({ name }) => name);
  return names.filter((name) => name.endsWith("_test.ts")).sort().map((name) => join(path, name));
}
