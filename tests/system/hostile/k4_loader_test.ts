/** K4: what the loader, the C library or a shell heeds in a user's environment meets no process of root's. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runCommand } from "../../kit/machine/command.ts";
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

/** Notes in LOADED_BY the effective user of each process that loads it. */
const EVIL_LIBRARY = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void note(void) {
  char line[16];
  int file = open("${HOME}/loaded-by", O_WRONLY | O_CREAT | O_APPEND, 0666);
  int size = snprintf(line, sizeof line, "%d\\n", (int)geteuid());
  if (write(file, line, size) != size) _exit(99);
  close(file);
}
unsigned la_version(unsigned version) { return version; }
`;

/** Puts the library at that path of the machine. */
async function putEvilLibrary(path: string): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "corral-test-" });
  try {
    await Deno.writeTextFile(join(directory, "evil.c"), EVIL_LIBRARY);
    const built = join(directory, "evil.so");
    await runCommand(["cc", "-shared", "-fPIC", "-o", built, join(directory, "evil.c")], {
      timeoutMs: 60_000,
    });
    await machine.putFile(path, await Deno.readFile(built), 0o755);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const LOADER_VARIABLES: Record<string, [library: string, ...options: string[]]> = {
  LD_PRELOAD: ["evil.so", "--env", `LD_PRELOAD=${HOME}/lib/evil.so`],
  LD_AUDIT: ["evil.so", "--env", `LD_AUDIT=${HOME}/lib/evil.so`],
  LD_LIBRARY_PATH: ["libcap-ng.so.0", "--env", `LD_LIBRARY_PATH=${HOME}/lib`],
};

for (const [name, [library, ...options]] of Object.entries(LOADER_VARIABLES)) {
  hostileTest(
    machine,
    `K4: --user --env ${name} loads the user's library as the user only`,
    BOTH_BACKENDS,
    async (caller) => {
      await freshHome();
      await putEvilLibrary(`${HOME}/lib/${library}`);
      // Made by the user: whichever process of root notes itself in it would be seen all the same.
      await asAlice(`: >${HOME}/loaded-by`);
      const { code, stdout, stderr } = await caller.exec(
        launch(caller, [...FOR_ALICE, ...options], ["/usr/bin/id", "-u"]),
      );
      const users = (await machine.readFile(`${HOME}/loaded-by`)).trim().split("\n");
      assert.ok(!users.includes("0"), `loaded by root: ${users}`);
      assert.deepEqual([code, stdout], [0, "1000\n"], stderr);
      if (name === "LD_PRELOAD") assert.ok(users.includes("1000"), "the job itself has the variable");
    },
    NATIVE,
  );
}

hostileTest(
  machine,
  "K4: --user --env LD_DEBUG_OUTPUT makes no file of root's",
  BOTH_BACKENDS,
  async (caller) => {
    await freshHome();
    const options = [...FOR_ALICE, "--env", "LD_DEBUG=libs", "--env", `LD_DEBUG_OUTPUT=${HOME}/debug`];
    const { code, stderr } = await caller.exec(launch(caller, options, ["/usr/bin/id", "-u"]));
    assert.equal(code, 0, stderr);
    assert.equal(await stage.asRoot(machine, `stat -c %U ${HOME}/debug.* | sort -u`), "alice\n");
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: --user --env LD_TRACE_LOADED_OBJECTS keeps neither gate nor job from the user",
  ROOT,
  async (caller) => {
    const options = [...FOR_ALICE, "--env", "LD_TRACE_LOADED_OBJECTS=1"];
    const { code, stdout } = await caller.exec(launch(caller, options, ["/usr/bin/id", "-u"]));
    // The command lists its own libraries, as it would for the user; setsid or env would list fewer.
    assert.equal(code, 0);
    assert.match(stdout, /libselinux/);
    assert.doesNotMatch(stdout, /libcap-ng/, "setpriv was traced");
  },
  NATIVE,
);

hostileTest(
  machine,
  "K4: --user --env PATH: no tool of the launch is taken from the user's directory",
  BOTH_BACKENDS,
  async (caller) => {
    await freshHome();
    const tools = ["sh", "env", "setsid", "setpriv", "systemd-run", "getent", "id", "nice", "cat"];
    await asAlice(`mkdir ${HOME}/bin; for tool in ${tools.join(" ")}; do
    printf '#!/bin/bash\\necho $EUID >>${HOME}/ran\\nexec /usr/bin/%s "$@"\\n' $tool >${HOME}/bin/$tool; done; chmod 755 ${HOME}/bin/*`);
    const options = [...FOR_ALICE, "--env", `PATH=${HOME}/bin:/usr/bin:/bin`];
    const { code, stdout, stderr } = await caller.exec(launch(caller, options, ["id", "-u"]));
    assert.deepEqual([code, stdout], [0, "1000\n"], stderr);
    assert.equal(await machine.readFile(`${HOME}/ran`), "1000\n", "ran as, once for the command itself");
  },
  NATIVE,
);
