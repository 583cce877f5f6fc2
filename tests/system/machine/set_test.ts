/** `corral set`: limits and deadline of a live job change at once, for its supervisor and for systemd. */
import assert from "node:assert/strict";
import { NO_LIMITS } from "../../../src/job/job.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { allCallers, type Caller, CGROUP_MOUNT, succeeded, unlikeCallers, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const callers = allCallers(machine, "set");
// Deadlines need no controller: an emulator shows nothing about them that a container does not.
const timed = machine.tier === "vm" ? [] : unlikeCallers(machine, "set");
const SLEEP = ["sleep", "1000"];

/** FILE:VALUE of those that are there. */
async function limitFiles(caller: Caller, cgroupPath: string): Promise<string[]> {
  const files = "memory.max memory.high memory.swap.max cpu.max cpu.weight pids.max memory.oom.group";
  const script = `cd "$0" && for file in ${files}; do [ ! -e $file ] || echo "$file:$(cat $file)"; done`;
  const argv = ["/bin/sh", "-c", script, `${CGROUP_MOUNT}${cgroupPath}`];
  return succeeded(await caller.exec(argv)).stdout.trimEnd().split("\n");
}

const CHANGES = [
  ...["--memory", "96M", "--memory-high", "80M", "--swap", "8M"],
  ...["--cpus", "1.5", "--cpu-weight", "50", "--pids", "99"],
];
const CHANGED = [
  ...["memory.max:100663296", "memory.high:83886080", "memory.swap.max:8388608"],
  ...["cpu.max:150000 100000", "cpu.weight:50", "pids.max:99", "memory.oom.group:1"],
];
const LIFTED =
  /^(memory\.(max|high|swap\.max):max|cpu\.max:max 100000|cpu\.weight:100|pids\.max:max|memory\.oom\.group:.)$/;

async function changesAndLifts(caller: Caller): Promise<void> {
  const job = await caller.start(["--cpus", "0.5"], SLEEP);
  try {
    const { cgroupPath } = await caller.show(job);
    succeeded(await caller.corral(["set", job, ...CHANGES]));
    assert.deepEqual(await limitFiles(caller, cgroupPath), CHANGED);
    const none = CHANGES.map((word) => word.startsWith("--") ? word : "none");
    succeeded(await caller.corral(["set", job, ...none]));
    // systemd takes away a controller that no limit needs any more.
    for (const line of await limitFiles(caller, cgroupPath)) assert.match(line, LIFTED);
    const { limits, events } = await caller.show(job);
    assert.deepEqual(limits, NO_LIMITS);
    assert.equal(events.filter(({ actor, kind }) => actor === "set" && kind === "set").length, 2);
  } finally {
    await caller.end(job);
  }
}

machineTest(machine, "corral set changes every limit of a job, and lifts it, on either backend", async () => {
  const chosen = callers.filter(({ user, backend }) => (user === "alice") === (backend === "systemd"));
  await Promise.all(chosen.map(changesAndLifts));
}, { needs: ["memory", "cpu", "pids"] });

interface Deadline {
  timeout: string;
  change: string;
  expectedMs: number;
}

/** From a time-out through a change to the one that then holds. */
const DEADLINES: Deadline[] = [
  { timeout: "2s", change: "+1s", expectedMs: 3000 },
  { timeout: "1h", change: "-3597s", expectedMs: 3000 },
  { timeout: "1h", change: "3s", expectedMs: 3000 },
];
/** The supervisor acts within it; a busy machine starts the job's end a little late. */
const LATE_MS = 800;

async function holdsDeadline(caller: Caller, { timeout, change, expectedMs }: Deadline): Promise<void> {
  const job = await caller.start(["--timeout", timeout, "--grace", "100ms"], SLEEP);
  succeeded(await caller.corral(["set", job, `--timeout=${change}`]));
  const { reason, timeoutMs, usage } = await caller.ended(job);
  assert.deepEqual([reason, timeoutMs], ["timeout", expectedMs]);
  assert.ok(
    usage.wallMs! >= expectedMs && usage.wallMs! < expectedMs + LATE_MS,
    `ended after ${usage.wallMs}`,
  );
}

for (const caller of timed) {
  machineTest(machine, `corral set moves the deadline of a job of ${caller.name}`, async () => {
    await Promise.all(DEADLINES.map((deadline) => holdsDeadline(caller, deadline)));
  });

  machineTest(machine, `corral set --timeout none of ${caller.name} lifts the deadline`, async () => {
    const job = await caller.start(["--timeout", "2s"], SLEEP);
    try {
      succeeded(await caller.corral(["set", job, "--timeout", "none"]));
      const { pid } = await caller.show(job);
      await until(caller, "the old deadline has passed", `[ $(ps -o etimes= -p ${pid}) -ge 3 ]`);
      const { state, timeoutMs } = await caller.show(job);
      assert.deepEqual([state, timeoutMs], ["running", null]);
      const moved = await caller.corral(["set", job, "--timeout", "+1h"]);
      assert.equal(moved.code, 2);
      assert.match(
        moved.stderr,
        /^corral: --timeout: the job has no timeout to move: give a whole one, .*\n$/,
      );
    } finally {
      await caller.end(job);
    }
  });
}

/** RuntimeMaxSec of the job's scope, as systemd has it in force. */
async function backstop(caller: Caller, job: string): Promise<string> {
  const manager = caller.user === "root" ? [] : ["--user"];
  const argv = ["systemctl", ...manager, "show", "--value", "-p", "RuntimeMaxUSec", `corral-${job}.scope`];
  return succeeded(await caller.exec(argv)).stdout.trim();
}

async function backstopMoves(caller: Caller): Promise<void> {
  const start = (timeout: string) => caller.start(["--timeout", timeout, "--grace", "100ms"], SLEEP);
  const [late, early] = await Promise.all([start("4s"), start("1h")]);
  try {
    assert.equal(await backstop(caller, late), "9.100000s");
    succeeded(await caller.corral(["set", late, "--timeout", "+1h"]));
    succeeded(await caller.corral(["set", early, "--timeout", "4s"]));
    const moved = await Promise.all([late, early].map((job) => backstop(caller, job)));
    assert.deepEqual(moved, ["1h 9.100000s", "9.100000s"]);
    const shown = await Promise.all([late, early].map((job) => caller.show(job)));
    // Nobody but systemd is left to end them.
    await caller.orphan(late, early);
    const events = `${CGROUP_MOUNT}${shown[1]!.cgroupPath}/cgroup.events`;
    await until(caller, "systemd has ended the early one", `grep -q "populated 0" ${events}`);
    const { state, processes } = await caller.show(late);
    assert.deepEqual([state, processes.length], ["running", 1]);
  } finally {
    await caller.end(late, early);
  }
  assert.deepEqual(await leftOf(machine, [late, early]), []);
}

machineTest(
  machine,
  "systemd's own deadline moves along with corral set, for root and for alice",
  async () => {
    await Promise.all(callers.filter(({ backend }) => backend === "systemd").map(backstopMoves));
  },
  { skip: machine.tier === "vm" },
);

machineTest(machine, "corral set of a job that has ended or never was changes nothing", async () => {
  const root = callers[0]!;
  const { job } = await root.run(["--timeout", "1h"], ["true"]);
  const ended = await root.corral(["set", job.id, "--timeout", "2h"]);
  assert.deepEqual([ended.code, ended.stdout], [1, ""]);
  assert.equal(ended.stderr, `corral: job ${job.id} has ended (corral show ${job.id})\n`);
  const unknown = await root.corral(["set", "zzzzzz", "--timeout", "2h"]);
  assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
  assert.equal(unknown.stderr, 'corral: no job matches "zzzzzz" (see: corral ps -a)\n');
  assert.equal((await root.show(job.id)).timeoutMs, 3_600_000);
}, { skip: machine.tier === "vm" });
