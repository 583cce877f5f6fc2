/** The harness itself, on whichever machine: what all the other tests take for granted. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";

const machine = await machineUnderTest();
const isBooted = machine.tier !== "host";

machineTest(machine, "exec() runs as root and gives exit code, stdout and stderr", async ({ exec }) => {
  const result = await exec(["/bin/sh", "-c", "id -u; echo oops >&2; exit 7"]);
  assert.deepEqual([result.code, result.signal, result.stdout, result.stderr], [7, null, "0\n", "oops\n"]);
});

machineTest(machine, "exec() reports death by a signal as 128+N and its name", async ({ sh }) => {
  const result = await sh("kill -TERM $$");
  assert.deepEqual([result.code, result.signal], [143, "SIGTERM"]);
});

machineTest(machine, "exec() of a missing command throws and says so", async ({ exec }) => {
  await assert.rejects(exec(["/no/such/command"]), /No such file/);
});

machineTest(machine, "exec() as alice has her uid, gid and groups", async ({ exec }) => {
  const result = await exec(["sh", "-c", "id -u; id -g; id -Gn; pwd"], { user: "alice" });
  assert.equal(result.stdout, "1000\n1000\nalice research\n/home/alice\n");
}, { skip: !isBooted });

machineTest(machine, "exec() as alice looks like cron: no session, no bus", async ({ exec }) => {
  const { stdout } = await exec(["env"], { user: "alice" });
  assert.match(stdout, /^LOGNAME=alice$/m);
  assert.doesNotMatch(stdout, /XDG_|DBUS_/);
}, { skip: !isBooted });

machineTest(machine, "exec() with clearEnv passes nothing but env", async ({ exec }) => {
  const { stdout } = await exec(["/usr/bin/env"], { clearEnv: true, env: { ONLY: "this one" } });
  assert.equal(stdout, "ONLY=this one\n");
});

machineTest(machine, "exec() with login is in a session of a user manager", async ({ exec }) => {
  const script = 'echo "$XDG_RUNTIME_DIR"; cat /proc/self/cgroup; systemctl --user is-system-running; exit 5';
  const result = await exec(["sh", "-c", script], { user: "alice", login: true });
  assert.match(
    result.stdout,
    /^\/run\/user\/1000\n(.*\n)*0::\/user.slice\/user-1000.slice\/session-\w+.scope\nrunning\n/,
  );
  assert.equal(result.code, 5);
}, { skip: !isBooted });

machineTest(machine, "exec() with login passes env, cwd and arguments unharmed", async ({ exec }) => {
  const options = { user: "bob", login: true, env: { A: "b  'c\" $d" }, cwd: "/usr/share" };
  const result = await exec(["sh", "-c", 'echo "$A|$PWD|$1"', "sh", "x  $y '"], options);
  assert.equal(result.stdout, "b  'c\" $d|/usr/share|x  $y '\n");
}, { skip: !isBooted });

machineTest(machine, "exec() carries 1 MB of binary stdin to stdout", async ({ exec }) => {
  const data = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * index) >> 5);
  const result = await exec(["cat"], { stdin: data });
  assert.ok(data.every((byte, index) => byte === result.stdoutBytes[index]));
  assert.equal(result.stdoutBytes.length, data.length);
});

machineTest(machine, "exec() does not wait for a daemon that holds its stdout", async ({ sh }) => {
  const result = await sh("sleep 1000 & echo $!");
  assert.equal((await sh(`kill ${result.stdout}`)).code, 0);
});

machineTest(
  machine,
  "exec() past its time kills the command and its children and throws",
  async ({ exec, sh }) => {
    await assert.rejects(exec(["sh", "-c", "sleep 98765; :"], { timeoutMs: 200 }), /Timed out .*sleep 98765/);
    await sh("while pgrep -f '^sleep 98765'; do :; done");
  },
);

machineTest(
  machine,
  "spawn() runs in the background, with other commands, until kill()",
  async ({ spawn, exec }) => {
    const running = await spawn(["sleep", "1000"]);
    assert.equal((await exec(["cat", `/proc/${running.pid}/comm`])).stdout, "sleep\n");
    await running.kill("SIGINT");
    assert.equal((await running.wait()).signal, "SIGINT");
  },
);

machineTest(machine, "spawn() with login gives the command's own pid", async ({ spawn, exec }) => {
  const running = await spawn(["sleep", "1000"], { user: "alice", login: true });
  await exec(["sh", "-c", 'until grep -qx sleep "/proc/$0/comm"; do :; done', String(running.pid)]);
  await running.kill("SIGTERM");
  assert.equal((await running.wait()).code, 143);
}, { skip: !isBooted });

machineTest(
  machine,
  "putFile() and readFile() keep content and mode",
  async ({ putFile, readFile, exec }) => {
    const { stdout } = await exec(["mktemp", "-d"]);
    const path = `${stdout.trim()}/made/too/script`;
    await putFile(path, "#!/bin/sh\necho hällo\n", 0o755);
    assert.equal(await readFile(path), "#!/bin/sh\necho hällo\n");
    assert.equal((await exec([path])).stdout, "hällo\n");
    await exec(["rm", "-r", stdout.trim()]);
  },
);

machineTest(machine, "controllers are those of the cgroup2 root", async ({ controllers, tier, sh }) => {
  const root = "$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)";
  const { stdout } = await sh(`cat "${root}/cgroup.controllers"`);
  assert.deepEqual([...controllers], stdout.split(/\s/).filter(Boolean));
  if (tier === "vm") {
    for (const name of ["cpu", "memory", "pids", "io"]) assert.ok(controllers.has(name), name);
  }
});

machineTest(machine, "alice's processes start outside any limit of the harness", async ({ exec }) => {
  const { stdout } = await exec(["sh", "-c", "cat /proc/self/oom_score_adj; ulimit -c"], { user: "alice" });
  assert.equal(stdout, "0\n0\n");
}, { skip: !isBooted });
