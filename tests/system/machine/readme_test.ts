/**
 * Every block of README.md and of the manual that is not for the working tree, in the order of the files, as it stands there: those that
 * need controllers in a VM, all others in the containers, ten times as fast. apptainer, which no Debian has, is a stand-in that does
 * nothing for subject01 and goes on for subject02; site/tools is an image with one program in it.
 */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import type { Machine } from "../../kit/machine/machine.ts";
import { type Block, runnableBlocks } from "../../kit/readme/blocks.ts";
import { DOCUMENTS } from "../../kit/readme/documents.ts";

const machine = await machineUnderTest();
const INTERPRETERS = { sh: ["/bin/sh", "-e", "-c"], python: ["python3", "-c"] };
const STAND_IN = `#!/bin/sh
case "$*" in *subject02*) exec sleep 600 ;; esac
`;
const IMPORT_IMAGE = `set -e; cd /
tar -chf /tmp/tools.tar usr/bin/cat $(ldd /usr/bin/cat | grep -o '/[^ ]*')
podman import --quiet /tmp/tools.tar site/tools`;
/** On machines without controllers, limits are what README says of --best-effort: warnings. */
const CONFIG = "/etc/corral/config.toml";

/** Files that the blocks write. Alice's go to her home. */
const DIRECTORY = "/tmp/corral-test-blocks";

const blocks = DOCUMENTS.flatMap(({ name, text }) => runnableBlocks(text).map((block) => ({ name, block })))
  .filter(({ block: { place, needs } }) =>
    place === "machine" && (needs === null) === (machine.tier === "nspawn")
  );
// One emulator is enough: what the blocks show does not differ between kernels. Its podman works without a network helper.
if (machine.tier === "nspawn" || machine.name === "vm-bookworm") registerBlocks();

function registerBlocks(): void {
  machineTest(machine, "README.md: what the blocks take for granted is there", makeSurroundings);
  for (const { name, block } of blocks) {
    const needs = block.needs === null ? [] : [block.needs];
    machineTest(
      machine,
      `${name} line ${block.line}: ${block.script.split("\n")[0]}`,
      () => runBlock(block),
      {
        needs,
      },
    );
  }
  machineTest(
    machine,
    "README.md: its blocks and those of the manual leave no job behind",
    async ({ exec }) => {
      for (const user of ["root", "alice"]) {
        const jobs: { id: string; ref: string | null }[] = JSON.parse(
          (await exec([machine.corral, "ps", "--json"], { user })).stdout,
        );
        // Those of the crontabs (users_cron_test.ts) are not of these blocks.
        assert.deepEqual(jobs.filter(({ ref }) => !ref?.startsWith("cron of ")), [], user);
      }
      await exec(["rm", "-rf", CONFIG, DIRECTORY, "/usr/local/bin/apptainer"]);
    },
  );
}

async function makeSurroundings({ putFile, sh, tier }: Machine): Promise<void> {
  await putFile("/usr/local/bin/apptainer", STAND_IN, 0o755);
  await sh(`mkdir -p ${DIRECTORY}`);
  if (tier === "nspawn") return await putFile(CONFIG, "best-effort = true\n");
  const imported = await sh(IMPORT_IMAGE);
  assert.equal(imported.code, 0, imported.stderr);
}

async function runBlock({ language, script, user, exitCodes, says }: Block): Promise<void> {
  const place = user === "root" ? { cwd: DIRECTORY } : {};
  const result = await machine.exec([...INTERPRETERS[language], script], { user, ...place });
  const words = result.stdout + result.stderr;
  assert.ok(exitCodes.includes(result.code), `exit code ${result.code}: ${words}`);
  if (says !== null) assert.match(words, says);
}
