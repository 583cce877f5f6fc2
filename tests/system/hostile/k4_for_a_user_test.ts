/** K4: what root does for a user is done as the user: look-up, directory, files, environment. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { BOTH_BACKENDS, hostileTest, launch, ROOT } from "./stage.ts";

const machine = await machineUnderTest();
const NATIVE = nativeOnly(machine);
const HOME = "/home/alice/hostile";
const FOR_ALICE = ["--user", "alice", "--quiet"];

/** A fresh directory of alice's, 0700; nothing of earlier tests is in it. */
async function freshHome(): Promise<void> {
  await stage.asRoot(
    machine,
    `rm -rf ${HOME} /etc/cron.d/evil /root/hostile-* && install -d -m 0700 -o alice -g alice ${HOME}`,
  );
}

function asAlice(text: string): Promise<string> {
  return machine.sh(text, { user: "alice", cwd: "/" }).then((result) => succeeded(result).stdout);
}

/** Each is a way to make a path of alice's lead to a file of root's. */
const TRAPS: Record<string, { plant: string; path: string; target: string }> = {
  "a symlink to a file that is not there": {
    plant: `ln -s /etc/cron.d/evil ${HOME}/trap`,
    path: `${HOME}/trap`,
    target: "/etc/cron.d/evil",
  },
  "a symlink to a file of root's": {
    plant: `ln -s /root/hostile-secret ${HOME}/trap`,
    path: `${HOME}/trap`,
    target: "/root/hostile-secret",
  },
  "a directory that is a symlink": {
    plant: `ln -s /etc/cron.d ${HOME}/trap`,
    path: `${HOME}/trap/evil`,
    target: "/etc/cron.d/evil",
  },
};

for (const [what, { plant, path, target }] of Object.entries(TRAPS)) {
  for (const option of ["--output", "--receipt"]) {
    hostileTest(
      machine,
      `K4: --user ${option} through ${what} of the user's writes nothing of root's`,
      ROOT,
      async (caller) => {
        await freshHome();
        await stage.asRoot(machine, "echo secret >/root/hostile-secret; chmod 600 /root/hostile-secret");
        await asAlice(plant);
        const words = option === "--output" ? ["--detach", "--output", path] : ["--receipt", path];
        const { stderr } = await caller.exec(launch(caller, [...FOR_ALICE, ...words], ["echo", "written"]));
        await stage.noLiveJob(caller);
        const found = await stage.asRoot(machine, `cat ${target} 2>/dev/null || :; rm -f /etc/cron.d/evil`);
        assert.equal(found, target.startsWith("/root") ? "secret\n" : "", stderr);
      },
      NATIVE,
    );
  }
}

hostileTest(
  machine,
  "K4: a receipt that the job itself replaces by a symlink is not written through",
  ROOT,
  async (caller) => {
    await freshHome();
    const receipt = `${HOME}/receipt.json`;
    const job = ["/bin/sh", "-c", `rm -f ${receipt}; ln -s /etc/cron.d/evil ${receipt}`];
    await caller.exec(launch(caller, [...FOR_ALICE, "--receipt", receipt], job));
    assert.equal(
      await stage.asRoot(machine, "cat /etc/cron.d/evil 2>/dev/null || :; rm -f /etc/cron.d/evil"),
      "",
    );
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: --user --chdir through a symlink into root's own directory is refused",
  ROOT,
  async (caller) => {
    await freshHome();
    await asAlice(`ln -s /root ${HOME}/down`);
    const words = launch(caller, [...FOR_ALICE, "--chdir", `${HOME}/down`], ["sh", "-c", "echo ran; ls"]);
    const { code, stdout, stderr } = await caller.exec(words);
    assert.deepEqual([stdout, code === 0], ["", false]);
    assert.match(stderr, /^corral: .*down/);
  },
  NATIVE,
);

/** root as a root-squashing file server sees it: without the right to read and enter what is not its own. */
const SQUASHED = [
  "setpriv",
  "--bounding-set=-dac_override,-dac_read_search",
  "--inh-caps=-dac_override,-dac_read_search",
];

const PRIVATE: Record<string, { options: string[]; argv: string[]; file?: string }> = {
  "--chdir": { options: ["--chdir", HOME], argv: ["./script"] },
  "a script": { options: [], argv: [`${HOME}/script`] },
  "a command in the PATH": { options: ["--env", `PATH=${HOME}:/usr/bin:/bin`], argv: ["script"] },
  "--receipt": {
    options: ["--receipt", `${HOME}/receipt.json`],
    argv: [`${HOME}/script`],
    file: `${HOME}/receipt.json`,
  },
  "--detach --output": {
    options: ["--detach", "--output", `${HOME}/output.log`],
    argv: [`${HOME}/script`],
    file: `${HOME}/output.log`,
  },
};

for (const [what, { options, argv, file }] of Object.entries(PRIVATE)) {
  hostileTest(
    machine,
    `K4: ${what} in a home that only the user may enter`,
    BOTH_BACKENDS,
    async (caller) => {
      await freshHome();
      await asAlice(`printf '#!/bin/sh\\necho $(id -u) here\\n' >${HOME}/script; chmod 700 ${HOME}/script`);
      const { code, stdout, stderr } = await caller.exec([
        ...SQUASHED,
        ...launch(caller, [...FOR_ALICE, ...options], argv),
      ]);
      assert.equal(code, 0, stderr);
      await stage.noLiveJob(caller);
      if (!options.includes("--detach")) assert.equal(stdout, "1000 here\n");
      else assert.equal(await machine.readFile(file!), "1000 here\n");
      if (file) assert.equal(await stage.asRoot(machine, `stat -c %U ${file}`), "alice\n");
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K4: --output and --receipt of a job for a user are the user's own files",
  ROOT,
  async (caller) => {
    await freshHome();
    const options = ["--detach", "--output", `${HOME}/job.log`, "--receipt", `${HOME}/job.json`];
    succeeded(await caller.exec(launch(caller, [...FOR_ALICE, ...options], ["echo", "spoken"])));
    await stage.noLiveJob(caller);
    // A job is over once that is recorded; its receipt follows.
    await stage.exists(caller, `${HOME}/job.json`);
    assert.equal(
      await stage.asRoot(machine, `stat -c %U ${HOME}/job.log ${HOME}/job.json`),
      "alice\nalice\n",
    );
    assert.equal(await asAlice(`cat ${HOME}/job.log`), "spoken\n");
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: the user can read the log of a detached job that root started without --output",
  ROOT,
  async (caller) => {
    const word = `spoken-${caller.stateDir.replaceAll("/", "-")}`;
    succeeded(await caller.exec(launch(caller, ["--detach", ...FOR_ALICE], ["echo", word])));
    await stage.noLiveJob(caller);
    const look =
      `grep -rlsF -- '${word}' /home/alice /var/lib/corral /var/tmp /run/user/1000 ${caller.stateDir} | head -n 1`;
    assert.notEqual(
      (await machine.sh(look, { user: "alice" })).stdout,
      "",
      "no file with it is alice's to read",
    );
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: a detached job for a user runs in that user's home, not in root's directory",
  BOTH_BACKENDS,
  async (caller) => {
    await freshHome();
    const words = launch(caller, ["--detach", ...FOR_ALICE], [
      "sh",
      "-c",
      `pwd -P >${HOME}/cwd; ls >/dev/null 2>>${HOME}/cwd`,
    ]);
    succeeded(await caller.exec(words, { cwd: "/root" }));
    await stage.noLiveJob(caller);
    assert.equal(await machine.readFile(`${HOME}/cwd`), "/home/alice\n");
  },
  NATIVE,
);

/** Lines of passwd(5) whose uid or gid is no user's. */
const NO_USERS = [
  "evil:x:4294967295:1000::/:/bin/sh",
  "evil:x:4294967296:1000::/:/bin/sh",
  "evil:x:-1:1000::/:/bin/sh",
  "evil:x:1002:4294967295::/:/bin/sh",
];

for (const line of NO_USERS) {
  machineTest(machine, `K4: --user refuses the passwd entry ${line}`, async () => {
    const script = `cp /etc/passwd /tmp/passwd.hostile && echo '${line}' >>/tmp/passwd.hostile
      mount --bind /tmp/passwd.hostile /etc/passwd; cd /; ${machine.corral} run --quiet --user evil -- id -u`;
    const { code, stdout, stderr } = await machine.exec([
      "unshare",
      "--mount",
      "--propagation=private",
      "sh",
      "-c",
      script,
    ]);
    assert.deepEqual([stdout, code === 0], ["", false], "it ran");
    assert.match(stderr, /^corral: --user: .*\n$/);
  }, NATIVE);
}

machineTest(machine, "K4: --user refuses numbers that are no user's", async () => {
  for (const number of ["4294967295", "-1", "4294967296", "18446744073709551616", "0x0", "00", "1e3"]) {
    const { code, stdout, stderr } = await machine.sh(
      `cd /; ${machine.corral} run --quiet --user=${number} -- id -u`,
    );
    assert.deepEqual([stdout, code], ["", 2], `${number}: ${stderr}`);
  }
}, NATIVE);
