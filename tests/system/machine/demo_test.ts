/** tests/kit/demo.sh, which `make` ends with, for those who can run jobs and those who cannot. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";

const machine = await machineUnderTest();
const TREE = "/opt/corral-demo";
// It is made to be watched: an emulator is too slow for its time-outs. The host has no alice and no bob.
if (machine.tier === "nspawn") registerTests();

function registerTests(): void {
  machineTest(machine, "demo.sh gets a place in the machine", async ({ putFile, exec }) => {
    await putFile(
      `${TREE}/tests/kit/demo.sh`,
      await Deno.readTextFile(join(PROJECT_DIR, "tests", "kit", "demo.sh")),
      0o755,
    );
    const linked = await exec(["install", "-D", machine.corral, `${TREE}/dist/corral`]);
    assert.equal(linked.code, 0, linked.stderr);
  });

  for (const user of ["root", "alice"]) {
    machineTest(machine, `demo.sh as ${user} counts 0 processes left`, async ({ exec }) => {
      const { code, stdout, stderr } = await exec([`${TREE}/tests/kit/demo.sh`], { user });
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /\n6 processes ran .*; 0 processes left\.\n$/);
      assert.match(stdout, /\n124\n/);
    });
  }

  machineTest(machine, "demo.sh as a user without a manager says how to get one", async ({ exec }) => {
    const { code, stdout } = await exec([`${TREE}/tests/kit/demo.sh`], { user: "bob" });
    assert.equal(code, 0);
    assert.match(stdout, /^demo: skipped: .*loginctl enable-linger 1001.*\n$/);
  });

  machineTest(machine, "demo.sh fails when corral does", async ({ putFile, exec }) => {
    await putFile(
      `${TREE}/broken/dist/corral`,
      "#!/bin/sh\necho corral: unexpected: broken >&2\nexit 125\n",
      0o755,
    );
    await exec(["cp", "-r", `${TREE}/tests`, `${TREE}/broken/tests`]);
    const { code, stderr } = await exec([`${TREE}/broken/tests/kit/demo.sh`]);
    assert.equal(code, 1);
    assert.match(stderr, /^demo: failed: /);
  });
}
