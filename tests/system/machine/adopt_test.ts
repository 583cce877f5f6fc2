/** `corral adopt`: what runs already becomes a job, all of it, and nothing else. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { Running } from "../../kit/machine/machine.ts";
import {
  allCallers,
  Caller,
  CGROUP_MOUNT,
  IN_OWN_CGROUP,
  type JobJson,
  type LiveJson,
  succeeded,
  unlikeCallers,
  until,
} from "./caller.ts";
import { leftOf, runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const root = new Caller(machine, "root", "systemd", "adopt");
const alice = new Caller(machine, "alice", "systemd", "adopt");

const TIMEOUT_MS = 1_500;
const PATIENCE_S = 60;
const PROGRAM_TIMEOUT_MS = 120_000;

interface Tree {
  name: string;
  argv: string[];
  /** Processes that are there for sure. */
  atLeast: number;
}

/** What adopt_trees.py saw of one. */
interface TreeRecord {
  name: string;
  code: number;
  stdout: string;
  stderr: string;
  outside: string[];
  inside: number;
  /** Stopped before, and not any more. */
  wokenUp: number[];
  stopped: number;
  ended: boolean;
  job: JobJson;
  bystanderIsSame: boolean;
  left?: number[];
  error?: string;
}

const nasty = (name: string, atLeast: number, ...options: string[]): Tree => ({
  name,
  argv: [machine.nasty, ...options, "--life", "120", name],
  atLeast,
});

/** Half of its processes lose their parent while they live, and some on their way through the adoption. */
const FORKERS = [nasty("fork-bomb", 2, "--ceiling", "100"), nasty("thread-fork", 1, "--ceiling", "50")];
const PLAIN = [{ ...nasty("tree", 100), argv: [machine.nasty, "--life", "120", "tree", "100"] }];
/** A session with an orphan in it, and another one below. */
const ORPHANS =
  "(sleep 1000 &); setsid sh -c '(sleep 1000 &); exec sleep 1000' & sleep 0.5; echo ready; wait";
const ODD = [
  { name: "orphans", argv: ["sh", "-c", ORPHANS], atLeast: 4 },
  // Between two programs, a process has no environment to be known by.
  nasty("exec-loop", 1),
  nasty("stop-self", 4),
  nasty("namespaces", 11),
  nasty("ptraced", 3),
  nasty("vfork", 1),
  nasty("zombie-parent", 2),
  nasty("names", 9),
];

async function adoptTrees(
  caller: Caller,
  cases: readonly Tree[],
  options: readonly string[],
): Promise<TreeRecord[]> {
  const setting = {
    cases,
    purpose: `${caller.user}-${caller.backend}`,
    corral: [machine.corral],
    options: ["--backend", caller.backend, "--grace", "0", ...options],
    endsByItself: options.includes("--timeout"),
    patienceS: PATIENCE_S,
  };
  const isPlainUser = caller.user === "alice" && caller.backend === "cgroupfs";
  return await runGuestProgram(machine, "system/machine/adopt_trees.py", setting, {
    user: caller.user,
    env: { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000" },
    timeoutMs: PROGRAM_TIMEOUT_MS,
    ...(isPlainUser ? { wrap: IN_OWN_CGROUP } : {}),
  });
}

async function assertTakesAll(
  caller: Caller,
  trees: readonly Tree[],
  { options, reason }: { options: string[]; reason: string },
): Promise<void> {
  for (const record of await adoptTrees(caller, trees, options)) {
    const { name, code, stderr, outside, wokenUp, ended, bystanderIsSame, left = [], job } = record;
    assert.deepEqual([record.error, code], [undefined, 0], `${name}: ${stderr}`);
    const found = { outside, wokenUp, ended, bystanderIsSame, left };
    const right = { outside: [], wokenUp: [], ended: true, bystanderIsSame: true, left: [] };
    assert.deepEqual(found, right, name);
    assert.ok(record.inside >= trees.find((one) => one.name === name)!.atLeast, `${name}: ${record.inside}`);
    assert.deepEqual([job.reason, job.exitCode, job.signal], [reason, null, null], name);
    if (name === "stop-self") assert.ok(record.stopped > 0);
    assert.deepEqual(await leftOf(machine, [job.id]), []);
  }
}

for (const caller of allCallers(machine, "adopt")) {
  machineTest(machine, `adopt as ${caller.name} takes every descendant and nobody else`, async () => {
    await assertTakesAll(caller, [...FORKERS, ...PLAIN], { options: [], reason: "killed" });
  }, nativeOnly(machine));
}

for (const caller of unlikeCallers(machine, "adopt")) {
  machineTest(machine, `adopt --timeout as ${caller.name} ends all of it at the deadline`, async () => {
    const options = ["--timeout", `${TIMEOUT_MS}ms`];
    await assertTakesAll(caller, PLAIN, { options, reason: "timeout" });
  }, nativeOnly(machine));
}

machineTest(machine, "adopt takes processes in every odd state, and leaves them in it", async () => {
  await assertTakesAll(root, ODD, { options: [], reason: "killed" });
}, nativeOnly(machine));

/** A process of `caller`'s that lives until it is killed. */
function sleeper(caller: Caller): Promise<Running> {
  return machine.spawn(["sleep", "1000"], { user: caller.user });
}

async function adopt(
  caller: Caller,
  pids: readonly number[],
  options: readonly string[] = [],
): Promise<string> {
  const words = ["adopt", "--backend", caller.backend, ...options, "--pid", ...pids.map(String)];
  return succeeded(await caller.corral(words)).stdout.trim();
}

async function cgroupOf(pid: number): Promise<string> {
  return (await machine.sh(`sed -n s/^0:://p /proc/${pid}/cgroup`)).stdout.trim();
}

machineTest(machine, "an adopted job is shown, set, frozen and thawed as any other", async () => {
  const [first, second] = await Promise.all([sleeper(root), sleeper(root)]);
  try {
    const json = await adopt(root, [first.pid, second.pid], ["--json", "--name", "taken", "--ref", "task-7"]);
    const { id, adopted, command, pid } = JSON.parse(json) as JobJson & {
      adopted: boolean;
      command: string[];
    };
    assert.deepEqual([adopted, command, pid], [true, ["sleep", "1000"], first.pid]);
    const { state, processes, cgroupPath } = await root.show(id);
    // Started at the same time: either may have the lower pid, and the kernel lists them in no order.
    const pids = new Set(processes.map((process) => process.pid));
    assert.deepEqual([state, pids], ["running", new Set([first.pid, second.pid])]);
    assert.equal(await cgroupOf(second.pid), `${cgroupPath}/corral-${id}.scope`);
    succeeded(await root.corral(["set", id, "--timeout", "2h"]));
    succeeded(await root.corral(["freeze", id]));
    assert.equal((await root.show(id)).frozen, true);
    succeeded(await root.corral(["thaw", id]));
    const rows = JSON.parse(succeeded(await root.corral(["ps", "--json"])).stdout) as LiveJson[];
    assert.deepEqual(rows.filter((row) => row.id === id).map((row) => row.timeoutMs), [7_200_000]);
    await first.kill("SIGTERM");
    await first.wait();
    assert.equal((await root.show(id)).state, "running", "one is left");
    await second.kill("SIGTERM");
    const { reason, exitCode, signal } = await root.ended(id);
    assert.deepEqual([reason, exitCode, signal], ["exited", null, null]);
    assert.deepEqual(await leftOf(machine, [id]), []);
  } finally {
    await Promise.all([first, second].map((one) => one.kill("SIGKILL")));
  }
}, nativeOnly(machine));

machineTest(machine, "adopt refuses what it must not take, in one line, and touches nobody", async () => {
  const [own, bobs] = [await sleeper(alice), await machine.spawn(["sleep", "1000"], { user: "bob" })];
  const job = await root.start(["--timeout", "1h"], ["sleep", "1000"]);
  const { pid, supervisorPid } = await root.show(job);
  const pidOf = async (script: string) => Number((await machine.sh(script)).stdout.trim().split("\n")[0]);
  const cron = await pidOf("pgrep -x cron");
  const manager = await pidOf("pgrep -u alice -f 'systemd --user'");
  const thread = await pidOf("ls /proc/$(pgrep -f 'corral run' | head -1)/task | tail -1");
  const before = await cgroupOf(own.pid);
  const refused: [Caller, number, RegExp][] = [
    [root, 1, /process 1 \("systemd"\) is the first process/],
    [root, 4_100_000, /there is no process 4100000/],
    [root, thread, /there is no process/],
    [root, pid, new RegExp(`is in job ${job} already`)],
    [root, supervisorPid, new RegExp(`supervises job ${job}`)],
    [root, manager, /is systemd itself/],
    [alice, cron, /belongs to another user \(uid 0\)/],
    [alice, bobs.pid, /belongs to another user \(uid 1001\)/],
    [alice, supervisorPid, new RegExp(`supervises job ${job}`)],
  ];
  try {
    for (const [caller, pid, line] of refused) {
      const words = ["adopt", "--timeout", "1s", "--pid", String(own.pid), String(pid)];
      const { code, stdout, stderr } = await caller.corral(words);
      assert.deepEqual([code, stdout], [1, ""], stderr);
      assert.match(stderr, /^corral: [^\n]*\n$/);
      assert.match(stderr, line);
    }
    const small = await alice.corral(["adopt", "--memory", "100K", "--pid", String(own.pid)]);
    assert.equal(small.code, 1);
    assert.match(small.stderr, /^corral: --memory 100\.0K: the processes hold \d\.\dM already.*--force\)\n$/);
    const shell = await root.exec(["sh", "-c", `${machine.corral} adopt --pid $$; exit $?`]);
    assert.deepEqual([shell.code, shell.stdout], [1, ""]);
    assert.match(shell.stderr, /is corral itself, or what it was called from/);
    assert.equal(await cgroupOf(own.pid), before);
    assert.equal((await alice.corral(["ps", "--json"])).stdout, "[]\n");
    assert.equal((await root.show(job)).state, "running");
  } finally {
    await root.end(job);
    await Promise.all([own, bobs].map((one) => one.kill("SIGKILL")));
  }
}, nativeOnly(machine));

/** As a supervisor leaves it that is killed in the midst of an adoption. */
const BREAK_OFF = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10) as store:
    store.execute("UPDATE jobs SET state = 'starting', pid = NULL WHERE id = ?", [sys.argv[2]])
`;

machineTest(
  machine,
  "sweep lets go of what a broken-off adoption had moved, and it can be taken again",
  async () => {
    const process = await sleeper(root);
    try {
      const id = await adopt(root, [process.pid], ["--timeout", "1h"]);
      const { cgroupPath } = await root.show(id);
      await root.orphan(id);
      succeeded(await machine.exec(["python3", "-c", BREAK_OFF, `${root.stateDir}/corral.db`, id]));
      const { stdout } = succeeded(await root.corral(["sweep"]));
      assert.match(stdout, new RegExp(`^${id} let go of what a broken-off adoption had moved`));
      const backstop = await machine.exec([
        "systemctl",
        "show",
        "-P",
        "RuntimeMaxUSec",
        `corral-${id}.scope`,
      ]);
      assert.equal(backstop.stdout, "infinity\n");
      assert.equal((await root.show(id)).reason, "failed-to-start");
      assert.equal(await cgroupOf(process.pid), `${cgroupPath}/corral-${id}.scope`);
      const again = await adopt(root, [process.pid]);
      assert.equal(succeeded(await root.corral(["sweep", "--quiet"])).stdout.includes(again), false);
      await root.end(again);
      assert.equal((await process.wait()).signal, "SIGKILL");
      succeeded(await root.corral(["sweep"]));
      assert.deepEqual(await leftOf(machine, [id, again]), []);
    } finally {
      await process.kill("SIGKILL");
    }
  },
  nativeOnly(machine),
);

machineTest(machine, "sweep ends an adopted job whose supervisor is gone, as any other", async () => {
  const process = await sleeper(root);
  try {
    const id = await adopt(root, [process.pid]);
    await root.orphan(id);
    succeeded(await root.corral(["sweep"]));
    assert.equal((await root.ended(id)).reason, "orphaned");
    assert.equal((await process.wait()).signal, "SIGTERM");
  } finally {
    await process.kill("SIGKILL");
  }
}, nativeOnly(machine));

/** Holds memory; takes more, and a whole core, when it is told to. */
const HUNGRY = `
import signal, time
held = bytearray(60 << 20)
for at in range(0, len(held), 4096):
    held[at] = 1
more = []
def grow(number, frame):
    more.append(bytearray(b"x" * (200 << 20)))
signal.signal(signal.SIGUSR1, grow)
print("ready", flush=True)
while True:
    pass
`;

machineTest(machine, "limits hold for an adopted job: for what it uses from then on", async () => {
  const file = "/tmp/corral-test-hungry";
  const process = await machine.spawn(["sh", "-c", `exec python3 -c "$0" >${file}`, HUNGRY]);
  try {
    await until(root, "it holds its memory", `grep -q ready ${file}`);
    const words = ["--cpus", "0.5", "--timeout", "10m"];
    const id = await adopt(root, [process.pid], [...words, "--memory", "40M", "--force"]);
    const { limits, cgroupPath } = await root.show(id);
    assert.deepEqual([limits.memoryMaxBytes, limits.swapMaxBytes, limits.cpuMaxCores], [40 << 20, 0, 0.5]);
    const files = "cat memory.max cpu.max memory.oom.group";
    const { stdout } = succeeded(await machine.sh(files, { cwd: `${CGROUP_MOUNT}${cgroupPath}` }));
    assert.equal(stdout, "41943040\n50000 100000\n1\n");
    await until(
      root,
      "it is throttled",
      `! grep -q '^nr_throttled 0$' ${CGROUP_MOUNT}${cgroupPath}/cpu.stat`,
    );
    const { memoryCurrentBytes } = await root.show(id);
    assert.ok(memoryCurrentBytes! < 30 << 20, `${memoryCurrentBytes} bytes are charged`);
    await process.kill("SIGUSR1");
    const { reason, usage } = await root.ended(id);
    assert.equal(reason, "oom");
    assert.ok(usage.cpuUsageUsec! / 1000 < 0.7 * usage.wallMs!, `${usage.cpuUsageUsec} us`);
  } finally {
    await process.kill("SIGKILL");
  }
}, { needs: ["memory", "cpu"], skip: machine.name === "vm-trixie" });
