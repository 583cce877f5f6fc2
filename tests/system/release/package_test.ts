/** The packages of `make release` in fresh containers, as README has it: install, upgrade with a live job, remove, purge. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";
import { runnableBlocks } from "../../kit/readme/blocks.ts";

const machine = await machineUnderTest();
const RELEASE = `${PROJECT_DIR}/dist/release`;
const THERE = "/root/release";
const names = [...Deno.readDirSync(RELEASE)].map(({ name }) => name);
const nameOf = (pattern: RegExp) =>
  names.find((name) => pattern.test(name)) ?? assert.fail(`no ${pattern}: make release`);
const DEB = nameOf(/\.deb$/);
const BINARY = nameOf(/linux-x86_64$/);

/** The lines under "Install" in README, in a directory with the release. */
function installLines(place: "package" | "binary"): string {
  const blocks = runnableBlocks(Deno.readTextFileSync(`${PROJECT_DIR}/README.md`)).filter((block) =>
    block.place === place
  );
  assert.equal(blocks.length, 1);
  assert.equal(blocks[0]!.script.split("\n").length, 3, "three lines");
  return blocks[0]!.script;
}

async function said(script: string): Promise<string> {
  const { code, stdout, stderr } = await machine.sh(`set -e; cd ${THERE}; ${script}`, { timeoutMs: 120_000 });
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

machineTest(
  machine,
  "the package: README's three lines install it, with units, manual, completions and the stores' directories",
  async () => {
    // The container has corral in another place, for other tests.
    await machine.sh("rm -f /usr/local/bin/corral; mkdir -p /root/release");
    await machine.putFile(`${THERE}/${DEB}`, Deno.readFileSync(`${RELEASE}/${DEB}`));
    await said(installLines("package"));
    assert.equal((await said("command -v corral")).trim(), "/usr/bin/corral");
    assert.equal((await said("systemctl is-active corral-sweep.timer")).trim(), "active");
    assert.equal((await said("stat -c %a /var/lib/corral /var/lib/corral/users")).trim(), "711\n1777");
    await said(
      "dpkg -L corral | grep -qx /usr/share/man/man1/corral-run.1.gz && test -s /usr/share/bash-completion/completions/corral",
    );
    await said(
      "systemctl start corral-sweep.service && systemd-analyze verify --man=no corral-sweep.service",
    );
  },
);

machineTest(
  machine,
  "the package: an upgrade leaves live jobs alive and supervised, a removal too, and a purge takes the store",
  async () => {
    const job = (await said("corral run --detach sleep 1000")).trim();
    await said(`dpkg -i ${DEB}`);
    const shown = JSON.parse(await said(`corral show --json ${job}`)) as {
      state: string;
      supervisorPid: number;
    };
    assert.equal(shown.state, "running");
    await said(`kill -0 ${shown.supervisorPid}`);
    assert.match((await machine.sh("dpkg -r corral 2>&1")).stdout, /1 live jobs go on/);
    await said(
      `kill -0 ${shown.supervisorPid} && test -s /var/lib/corral/corral.db && test ! -e /usr/bin/corral`,
    );
    await said(`dpkg -i ${DEB} && corral kill ${job} && dpkg -P corral`);
    await said("test ! -e /var/lib/corral && test ! -e /usr/lib/systemd/system/corral-sweep.timer");
  },
);

machineTest(
  machine,
  "the bare binary: README's three lines install it, and uninstall takes it back",
  async () => {
    await machine.putFile(`${THERE}/${BINARY}`, Deno.readFileSync(`${RELEASE}/${BINARY}`));
    await said(installLines("binary"));
    assert.equal((await said("systemctl is-active corral-sweep.timer")).trim(), "active");
    await said("corral uninstall");
  },
);

/** As measured with systemd 252 and 257 when the unit was written; of 10. */
const MOST_EXPOSURE = 4.8;

machineTest(
  machine,
  "systemd-analyze security of corral-sweep.service is not worse than it was",
  async () => {
    await said(`install -m 0755 ${BINARY} /usr/local/bin/corral && corral install`);
    const text = await said("systemd-analyze security --no-pager corral-sweep.service | tail -1");
    const score = Number(/service: ([\d.]+)/.exec(text)?.[1]);
    assert.ok(score > 0 && score <= MOST_EXPOSURE, text);
    await said("corral uninstall");
  },
);
