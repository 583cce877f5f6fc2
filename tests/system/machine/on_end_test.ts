/** `corral run --on-end`: whatever process records the end runs the command, as the job's user, once, and nothing of it stays. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { Caller, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
const callers = unlikeCallers(machine, "on-end");
const WORDS = 'echo "$(id -un) $CORRAL_JOB_ID $CORRAL_REASON $CORRAL_EXIT_CODE" >>';
let files = 0;

/** A file that root and alice can write to. */
function newFile(): string {
  return `/tmp/corral-test-on-end-${++files}`;
}

async function textOf(file: string): Promise<string> {
  return (await machine.exec(["sh", "-c", `cat ${file} 2>/dev/null || :`])).stdout;
}

const isThere = (caller: Caller, file: string) => until(caller, `${file} is written`, `[ -s ${file} ]`);

async function kinds(caller: Caller, job: string): Promise<string[]> {
  return (await caller.show(job)).events.filter(({ kind }) => kind.startsWith("on-end"))
    .map(({ kind, actor }) => `${kind} ${actor}`);
}

for (const caller of callers) {
  const { user } = caller;

  machineTest(
    machine,
    `--on-end of ${caller.name} runs after the receipt, before corral run returns`,
    async () => {
      const file = newFile();
      const command =
        `${WORDS}${file}; grep -q '"reason": "exited"' "$CORRAL_RECEIPT" && echo receipt >>${file}`;
      const { job, code, stderr } = await caller.run(["--on-end", command], ["sh", "-c", "exit 3"]);
      assert.equal(code, 3);
      assert.equal(await textOf(file), `${user} ${job.id} exited 3\nreceipt\n`);
      assert.doesNotMatch(stderr, /on-end/);
      assert.deepEqual(await kinds(caller, job.id), ["on-end-started run", "on-end run"]);
    },
  );

  machineTest(machine, `--on-end of ${caller.name} leaves no process, whatever it starts`, async () => {
    const file = newFile();
    const escape = `setsid sh -c "setsid sleep 4711 & sleep 4711" & sleep 4711 & echo ok >${file}; sleep 0.2`;
    await caller.run(["--on-end", escape], ["true"]);
    assert.equal(await textOf(file), "ok\n");
    assert.equal((await machine.exec(["pgrep", "-f", "sleep 471[1]"])).stdout, "");
    const left = await machine.exec(["sh", "-c", "find /sys/fs/cgroup -name '*onend*'"]);
    assert.equal(left.stdout, "");
  });

  machineTest(machine, `--on-end of ${caller.name} that fails changes nothing, and is one line`, async () => {
    const result = await caller.run(["--on-end", "echo why >&2; exit 9"], ["true"]);
    assert.equal(result.code, 0);
    assert.match(result.stderr, /^corral: warning: --on-end of job \w+: exit 9: why$/m);
  });

  machineTest(
    machine,
    `--on-end of ${caller.name} survives kill -9 of the supervisor: the guard runs it, once`,
    async () => {
      const file = newFile();
      const job = await caller.start(["--on-end", WORDS + file, "--grace", "0"], ["sleep", "1000"]);
      const { supervisorPid } = await caller.show(job);
      succeeded(await machine.exec(["kill", "-KILL", String(supervisorPid)]));
      await isThere(caller, file);
      await caller.ended(job);
      await caller.corral(["sweep"]);
      assert.equal(await textOf(file), `${user} ${job} orphaned 137\n`);
    },
  );

  machineTest(
    machine,
    `--on-end of ${caller.name} is run by the sweep where supervisor and guard are killed`,
    async () => {
      const file = newFile();
      const job = await caller.start(["--on-end", WORDS + file, "--grace", "0"], ["sleep", "1000"]);
      await caller.orphan(job);
      await Promise.all([
        caller.corral(["sweep"]),
        caller.corral(["sweep"]),
        caller.corral(["kill", "--now", job]),
      ]);
      await caller.corral(["sweep"]);
      await isThere(caller, file);
      assert.match(await textOf(file), new RegExp(`^${user} ${job} (orphaned|killed) 137\n$`));
    },
  );

  machineTest(
    machine,
    `--on-end of ${caller.name} is run by the supervisor when kill ends the job`,
    async () => {
      const file = newFile();
      const job = await caller.start(["--on-end", WORDS + file], ["sleep", "1000"]);
      succeeded(await caller.corral(["kill", job]));
      await isThere(caller, file);
      assert.equal(await textOf(file), `${user} ${job} killed 143\n`);
      assert.deepEqual(await kinds(caller, job), ["on-end-started run", "on-end run"]);
    },
  );
}

machineTest(
  machine,
  "--on-end of a job of root for alice is alice's, also when a sweep runs it",
  async () => {
    const root = new Caller(machine, "root", "systemd", "on-end-for");
    const file = newFile();
    await root.run(["--user", "alice", "--on-end", `${WORDS}${file}; id -Gn >>${file}`], ["true"]);
    const [words, groups] = (await textOf(file)).split("\n");
    assert.match(words!, /^alice \w+ exited 0$/);
    assert.equal(groups, succeeded(await machine.exec(["id", "-Gn", "alice"])).stdout.trim());
    const later = newFile();
    const job = await root.start(["--user", "alice", "--on-end", WORDS + later, "--grace", "0"], [
      "sleep",
      "1000",
    ]);
    await root.orphan(job);
    succeeded(await root.corral(["sweep"]));
    assert.match(await textOf(later), /^alice \w+ orphaned 137\n$/);
  },
);

machineTest(machine, "--on-end is ended after 30 s, with what it has started", async () => {
  const root = new Caller(machine, "root", "systemd", "on-end-cap");
  const startMs = performance.now();
  const { stderr, code } = await root.run(
    ["--on-end", "trap '' TERM; setsid sleep 4712 & sleep 4712"],
    ["true"],
    { timeoutMs: 60_000 },
  );
  assert.equal(code, 0);
  assert.match(stderr, /--on-end of job \w+: not done after 30 s: killed/);
  assert.ok(performance.now() - startMs < 30_000 + 10_000 * machine.slowness);
  assert.equal((await machine.exec(["pgrep", "-f", "sleep 471[2]"])).stdout, "");
});

machineTest(machine, "a second signal ends --on-end at once", async () => {
  const root = new Caller(machine, "root", "systemd", "on-end-hurry");
  const file = newFile();
  const script = `corral run --on-end 'echo x >${file}; sleep 4713' true & pid=$!
    until [ -s ${file} ]; do sleep 0.05; done; kill -TERM $pid; kill -TERM $pid; sleep 0.1; kill -TERM $pid; wait $pid`;
  const command = `PATH=$(dirname ${machine.corral}):$PATH; ${script}`;
  assert.equal((await root.exec(["sh", "-c", command], { timeoutMs: 20_000 })).code, 0);
  assert.equal((await machine.exec(["pgrep", "-f", "sleep 471[3]"])).stdout, "");
});

machineTest(machine, "--on-end refuses what is no command", async () => {
  const root = new Caller(machine, "root", "systemd", "on-end-usage");
  for (const command of ["", "  ", "x".repeat(5_000)]) {
    const result = await root.corral(["run", "--on-end", command, "true"]);
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, /--on-end/);
  }
});
