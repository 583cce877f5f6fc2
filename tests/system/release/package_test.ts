/** The packages of `make release` in fresh containers, as README has it: install, upgrade with a live job, remove, purge. */
import assert from "node:assert/strict";
import { basename } from "node:path";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { PROJECT_DIR } from "../../kit/machine/project.ts";
import { runnableBlocks } from "../../kit/readme/blocks.ts";
import { release } from "./release.ts";

const machine = await machineUnderTest();
const THERE = "/root/release";

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

/** A file of the release, in the container's directory for it; its name. */
async function put(kind: "deb" | "binary"): Promise<string> {
  const path = (await release())[kind];
  await machine.putFile(`${THERE}/${basename(path)}`, Deno.readFileSync(path));
  return basename(path);
}

const live = () => said("corral ps --quiet").then((text) => text.trim().split("\n"));

machineTest(
  machine,
  "the package: README's three lines install it, with units, manual, completions and the stores' directories",
  async () => {
    // The container has corral in another place, for other tests.
    await machine.sh(`rm -f /usr/local/bin/corral; mkdir -p ${THERE}`);
    await put("deb");
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
  "the package: corral install uses its units, writes only what differs, and uninstall takes that back",
  async () => {
    const files = () => said("find /etc /usr /var/lib/corral -xdev -name '*corral*' | sort");
    const before = await files();
    assert.match(await said("corral install"), /^nothing to change: it is installed\n/);
    await said("corral install --sweep-every 10m");
    const every = "systemctl show --property=TimersMonotonic corral-sweep.timer";
    assert.match(await said(every), /OnUnitInactiveUSec=10min/);
    assert.equal(
      (await files()).split("\n").filter((path) => !before.includes(path)).join(),
      "/etc/systemd/system/corral-sweep.timer",
    );
    await said("corral install");
    assert.match(await said(every), /OnUnitInactiveUSec=5min/);
    assert.equal(await files(), before);
    assert.match(await said("corral install"), /^nothing to change: it is installed\n/);
    await said("corral uninstall && ! systemctl is-enabled corral-sweep.timer");
    assert.match(await said("corral uninstall"), /^nothing is installed\n/);
    await said("corral install && systemctl is-active corral-sweep.timer");
    assert.equal(await files(), before);
  },
);

machineTest(
  machine,
  "the package: an upgrade leaves live jobs alive and supervised; so does a removal, which keeps the store",
  async () => {
    const deb = await put("deb");
    const job = (await said("corral run --detach sleep 1000")).trim();
    const newer = `dpkg-deb -R ${deb} tree && sed -i 's/^Version: .*/&+1/' tree/DEBIAN/control &&
      dpkg-deb -Znone -b tree newer.deb && rm -r tree && dpkg -i newer.deb`;
    assert.match(await said(newer), /^Preparing to unpack .*newer\.deb/m);
    await said("systemctl is-active corral-sweep.timer && systemctl start corral-sweep.service");
    const shown = JSON.parse(await said(`corral show --json ${job}`)) as {
      state: string;
      pid: number;
      supervisorPid: number;
    };
    assert.equal(shown.state, "running");
    await said(`kill -0 ${shown.supervisorPid} && kill -0 ${shown.pid}`);
    assert.deepEqual(await live(), [job]);
    assert.match(await said("dpkg -r corral 2>&1"), /1 live jobs go on/);
    await said(`kill -0 ${shown.supervisorPid} && kill -0 ${shown.pid}`);
    await said("test -s /var/lib/corral/corral.db && test ! -e /usr/bin/corral");
    await said("! systemctl is-active corral-sweep.timer && ! find /etc -name '*corral-sweep*' | grep .");
    await said(`dpkg -i ${deb} && ! systemctl is-enabled corral-sweep.timer`);
    assert.deepEqual(await live(), [job]);
    await said(`corral kill ${job}`);
  },
);

machineTest(
  machine,
  "the package: a purge takes the stores of all users, names what still runs, and ends nothing",
  async () => {
    const job = (await said("corral run --detach sleep 1000")).trim();
    const { pid } = JSON.parse(await said(`corral show --json ${job}`)) as { pid: number };
    await said("install -d -o alice -m 0700 /var/lib/corral/users/1000");
    assert.match(await said("dpkg -P corral 2>&1"), /jobs still run; they go on/);
    await said(`kill -0 ${pid}`);
    await said("test ! -e /var/lib/corral && test ! -e /usr/lib/systemd/system/corral-sweep.timer");
    await said(`kill ${pid}`);
  },
);

machineTest(
  machine,
  "the bare binary: README's three lines install it, and uninstall takes it back",
  async () => {
    await put("binary");
    await said(installLines("binary"));
    assert.equal((await said("systemctl is-active corral-sweep.timer")).trim(), "active");
    await said("corral uninstall");
  },
);

machineTest(
  machine,
  "the package: it takes over from a bare binary, and its removal leaves that one's sweeps",
  async () => {
    await said("corral install");
    const deb = await put("deb");
    assert.match(await said(`dpkg -i ${deb} 2>&1`), /corral install brings it up to date/);
    assert.match(await said("dpkg -r corral 2>&1"), /the sweeps of another binary stay as they are/);
    await said("systemctl is-active corral-sweep.timer");
    await said(
      `dpkg -i ${deb} && /usr/bin/corral install && ! find /etc -name corral-sweep.service | grep .`,
    );
    assert.match(
      await said("systemctl show --property=ExecStart corral-sweep.service"),
      /path=\/usr\/bin\/corral /,
    );
    await said("systemctl start corral-sweep.service && dpkg -P corral");
  },
);

/** As measured with systemd 252 and 257 when the unit was written; of 10. */
const MOST_EXPOSURE = 4.8;

machineTest(
  machine,
  "systemd-analyze security of corral-sweep.service is not worse than it was",
  async () => {
    await said("corral install");
    const text = await said("systemd-analyze security --no-pager corral-sweep.service | tail -1");
    const score = Number(/service: ([\d.]+)/.exec(text)?.[1]);
    assert.ok(score > 0 && score <= MOST_EXPOSURE, text);
    await said("corral uninstall");
  },
);
