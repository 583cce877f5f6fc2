/**
 * Every block of README.md that is not for the working tree, in the order of the file, as it stands there. apptainer, which no Debian
 * has, is a stand-in that does nothing for subject01 and goes on for subject02.
 */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../machine/for_test.ts";
import { type Block, runnableBlocks } from "../readme/blocks.ts";
import { README } from "../readme/generated.ts";

const machine = await machineUnderTest();
const INTERPRETERS = { sh: ["/bin/sh", "-e", "-c"], python: ["python3", "-c"] };
const STAND_IN = `#!/bin/sh
case "$*" in *subject02*) exec sleep 600 ;; esac
`;
/** On machines without controllers, limits are what README says of --best-effort: warnings. */
const CONFIG = "/etc/corral/config.toml";

const blocks = runnableBlocks(await Deno.readTextFile(README)).filter(({ place }) => place === "machine");
// One emulator is enough: what the blocks show does not differ between kernels.
const skip = machine.tier === "host" || machine.name === "vm-bookworm";

machineTest(machine, "README.md: apptainer has a stand-in", async ({ putFile, controllers }) => {
  await putFile("/usr/local/bin/apptainer", STAND_IN, 0o755);
  if (!controllers.has("memory")) await putFile(CONFIG, "best-effort = true\n");
}, { skip });

for (const block of blocks) {
  const name = `README.md line ${block.line}: ${block.script.split("\n")[0]}`;
  const needs = block.needs === null ? [] : [block.needs];
  machineTest(machine, name, () => runBlock(block), { skip, needs });
}

machineTest(machine, "README.md: the blocks leave no job behind", async ({ exec }) => {
  for (const user of ["root", "alice"]) {
    assert.equal((await exec([machine.corral, "ps", "--json"], { user })).stdout.trim(), "[]", user);
  }
  await exec(["rm", "-rf", CONFIG, "/usr/local/bin/apptainer"]);
}, { skip });

async function runBlock({ language, script, user, exitCode, says }: Block): Promise<void> {
  const result = await machine.exec([...INTERPRETERS[language], script], { user });
  const words = result.stdout + result.stderr;
  assert.equal(result.code, exitCode, words);
  if (says !== null) assert.match(words, says);
}
