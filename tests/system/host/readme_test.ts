/** The blocks of README.md that run in the working tree. The others: tests/system/machine/readme_test.ts. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";
import { runnableBlocks } from "../../kit/readme/blocks.ts";
import { README } from "../../kit/readme/documents.ts";

const machine = await machineUnderTest();
/** The build, a demonstration of a few seconds, and on a fresh tree the toolchain. */
const BLOCK_TIMEOUT_MS = 240_000;
const blocks = runnableBlocks(await Deno.readTextFile(README)).filter(({ place }) => place === "project");

for (const { line, script, exitCodes, says } of blocks) {
  machineTest(machine, `README.md line ${line}: ${script.split("\n")[0]}`, async () => {
    const stateDir = await Deno.makeTempDir();
    try {
      const output = await new Deno.Command("/bin/sh", {
        args: ["-e", "-c", script],
        cwd: PROJECT_DIR,
        env: { CORRAL_STATE_DIR: stateDir },
        stdin: "null",
        signal: AbortSignal.timeout(BLOCK_TIMEOUT_MS),
      }).output();
      const words = new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
      assert.ok(exitCodes.includes(output.code), `exit code ${output.code}: ${words}`);
      if (says !== null) assert.match(words, says);
    } finally {
      await Deno.remove(stateDir, { recursive: true });
    }
  });
}
