/** Health: a job that gives no sign of life is reported or ended, and none of those that only look so. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { Caller, type LiveJson, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
// Looks, judges and records are the same everywhere; what they read differs with the controllers alone.
const once = onceOnly(machine);
const WORK = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
const BEATS = (count: number) => `for i in $(seq ${count}); do touch "$CORRAL_HEARTBEAT"; sleep 0.5; done`;

interface HealthJson extends LiveJson {
  unhealthyCheck: string | null;
}

const healthOf = async (caller: Caller, job: string) => await caller.show(job) as HealthJson;
const kinds = ({ events }: LiveJson) => events.map(({ kind }) => kind);

/** Ended, with nothing left of it. */
async function ended(caller: Caller, job: string): Promise<HealthJson> {
  await caller.ended(job);
  assert.deepEqual(await leftOf(machine, [job]), []);
  return await healthOf(caller, job);
}

async function hasEvent(caller: Caller, job: string, kind: string): Promise<void> {
  await until(
    caller,
    `${job} has an event ${kind}`,
    `${machine.corral} show --json ${job} | grep -q '"kind": "${kind}"'`,
  );
}

for (const caller of unlikeCallers(machine, "health")) {
  machineTest(
    machine,
    `a job of ${caller.name} without a sign of life is ended, each check with 124`,
    async () => {
      const rows: [check: string, options: string[], script: string][] = [
        ["idle", ["--idle-after", "3s", "--idle-action", "kill"], `${WORK}; sleep 1000`],
        ["heartbeat", ["--heartbeat", "2s", "--heartbeat-start", "5s"], `${BEATS(4)}; sleep 1000`],
        ["heartbeat", ["--heartbeat", "1s", "--heartbeat-start", "1s"], "sleep 1000"],
        [
          "health-command",
          ["--health-command", "echo no answer >&2; exit 1", "--health-interval", "300ms"],
          "sleep 1000",
        ],
      ];
      const jobs = await Promise.all(
        rows.map(([, options, script]) => caller.start(options, ["sh", "-c", script])),
      );
      for (const [index, [check]] of rows.entries()) {
        const job = await ended(caller, jobs[index]!);
        assert.deepEqual([job.reason, job.unhealthyCheck], ["unhealthy", check]);
        const wait = await caller.corral(["wait", job.id]);
        assert.equal(wait.code, 124, wait.stderr);
        const { stdout } = await caller.corral(["show", job.id]);
        assert.match(stdout, /^state +ended: unhealthy: its? /m);
      }
    },
    once,
  );
}

machineTest(machine, "an idle job is reported at half of its time, by every table, and runs on", async () => {
  const caller = new Caller(machine, "root", "systemd", "health-idle");
  const job = await caller.start(["--name", "quiet", "--idle-after", "4s"], [
    "sh",
    "-c",
    `${WORK}; sleep 1000`,
  ]);
  try {
    await hasEvent(caller, job, "idle");
    assert.equal(succeeded(await caller.corral(["ps", "--state", "idle", "-q"])).stdout, `${job}\n`);
    assert.match(succeeded(await caller.corral(["ps"])).stdout, / idle \d/);
    assert.match(succeeded(await caller.corral(["top", "-b", "--count", "1"])).stdout, / idle \d/);
    assert.match(succeeded(await caller.corral(["show", job])).stdout, /^health +idle \d/m);
    const journal = `journalctl -t corral CORRAL_JOB_ID=${job} CORRAL_CHECK=idle | grep -q 'is idle'`;
    await until(caller, "the journal has it", journal);
    assert.equal((await healthOf(caller, job)).state, "running");
  } finally {
    await caller.end(job);
  }
}, once);

machineTest(machine, "what only looks like silence ends no job", async () => {
  const caller = new Caller(machine, "alice", "systemd", "health-well");
  const kill = ["--idle-after", "2s", "--idle-action", "kill"];
  const rows: [what: string, options: string[], script: string][] = [
    ["the first beat is late", ["--heartbeat", "1s", "--heartbeat-start", "20s"], `sleep 4; ${BEATS(3)}`],
    ["it ends well", ["--heartbeat", "2s", "--heartbeat-start", "2s"], `${BEATS(3)}; sleep 1`],
    ["it only writes", kill, `${WORK}; for i in $(seq 20); do echo still here; sleep 0.3; done`],
    ["it waits for another host", ["--idle-after", "2s"], `${WORK}; sleep 5`],
    ["its beats come", ["--heartbeat", "2s"], BEATS(10)],
    ["its command does not know", ["--health-command", "exit 3", "--health-interval", "300ms"], "sleep 4"],
    ["its command is killed", ["--health-command", "kill -9 $$", "--health-interval", "300ms"], "sleep 4"],
    [
      "its command says well now and then",
      [
        "--health-command",
        "n=$(cat /tmp/corral-health-n || echo 0); echo $((n + 1)) >/tmp/corral-health-n; [ $((n % 3)) = 2 ]",
        ...["--health-interval", "300ms"],
      ],
      "sleep 5",
    ],
    [
      "its command answers too late",
      ["--health-command", "sleep 60; exit 1", "--health-interval", "300ms"],
      "sleep 4",
    ],
  ];
  const jobs = await Promise.all(
    rows.map(([, options, script]) => caller.start(options, ["sh", "-c", script])),
  );
  for (const [index, [what]] of rows.entries()) {
    const { reason, exitCode } = await ended(caller, jobs[index]!);
    assert.deepEqual([reason, exitCode], ["exited", 0], what);
  }
}, once);

machineTest(machine, "a frozen job is not judged, and a process in the kernel is not idle", async () => {
  const caller = new Caller(machine, "root", "systemd", "health-stuck");
  const options = [
    "--idle-after",
    "3s",
    "--idle-action",
    "kill",
    "--heartbeat",
    "2s",
    "--heartbeat-start",
    "3s",
  ];
  const frozen = await caller.start(options, ["sh", "-c", `${WORK}; ${BEATS(1000)}`]);
  succeeded(await caller.corral(["freeze", frozen]));
  // The parent of vfork(2) sleeps uninterruptibly until its child has gone.
  const vfork = "import ctypes; c = ctypes.CDLL(None); sum(range(3000000)); c.vfork() or c.pause()";
  const stuck = await caller.start(options, ["python3", "-c", vfork]);
  try {
    await hasEvent(caller, stuck, "stuck");
    assert.match(
      succeeded(await caller.corral(["show", stuck])).stdout,
      /^health .*stuck in IO: process \d+, \w*(vfork|clone)/m,
    );
    // Longer than either would be given.
    await until(
      caller,
      "they are old",
      `[ $(ps -o etimes= -p ${(await healthOf(caller, stuck)).pid}) -ge 8 ]`,
    );
    for (const job of [frozen, stuck]) assert.equal((await healthOf(caller, job)).state, "running");
    assert.ok(!kinds(await healthOf(caller, frozen)).includes("idle"));
    succeeded(await caller.corral(["thaw", frozen]));
  } finally {
    await caller.end(frozen, stuck);
  }
}, once);

machineTest(machine, "a throttled job is at work, however little CPU it gets", async () => {
  const caller = new Caller(machine, "root", "systemd", "health-throttled");
  const options = ["--cpus", "0.01", "--idle-after", "4s", "--idle-action", "kill"];
  const job = await caller.start([...options, "--timeout", "20s"], ["sh", "-c", "while :; do :; done"]);
  const { reason } = await caller.ended(job);
  assert.equal(reason, "timeout");
}, { needs: ["cpu"], skip: machine.name !== "vm-trixie" });

machineTest(
  machine,
  "root looks at a user's heartbeat, and asks a user's command, as that user",
  async () => {
    const caller = new Caller(machine, "root", "cgroupfs", "health-user");
    const script = 'stat -c %U "$CORRAL_HEARTBEAT"; echo "$CORRAL_HEARTBEAT"; ' + BEATS(8);
    const said = "/tmp/corral-health-asked";
    const command = `id -un >${said}; cat /proc/self/cgroup >>${said}`;
    const options = [
      "--user",
      "alice",
      "--heartbeat",
      "2s",
      "--health-command",
      command,
      "--health-interval",
      "300ms",
    ];
    const { job, stdout, code } = await caller.run(options, ["sh", "-c", script]);
    assert.deepEqual([code, job.reason], [0, "exited"]);
    const [owner, file] = stdout.split("\n");
    assert.deepEqual([owner, file], ["alice", `/home/alice/.local/state/corral/heartbeat/${job.id}`]);
    assert.notEqual((await machine.exec(["test", "-e", file!])).code, 0, "it is left");
    const [user, cgroup] = (await machine.readFile(said)).split("\n");
    assert.equal(user, "alice");
    assert.ok(!cgroup!.includes(`/${job.id}`) && !cgroup!.includes(`corral-${job.id}`), cgroup);
  },
  once,
);

machineTest(machine, "a job that outlives its supervisor is judged by its guard", async () => {
  const caller = new Caller(machine, "root", "systemd", "health-guard");
  const config = "/tmp/corral-health-keep.toml";
  succeeded(await machine.exec(["sh", "-c", `echo 'on-orphan = "keep"' >${config}`]));
  const run = [
    machine.corral,
    "run",
    "--detach",
    "--heartbeat",
    "2s",
    "--heartbeat-start",
    "3s",
    "--",
    "sh",
    "-c",
  ];
  const env = { CORRAL_CONFIG: config };
  const job = succeeded(await caller.exec([...run, `${BEATS(3)}; sleep 1000`], { env })).stdout.trim();
  succeeded(await machine.exec(["kill", "-KILL", String((await healthOf(caller, job)).supervisorPid)]));
  const { reason, events } = await ended(caller, job);
  assert.equal(reason, "unhealthy");
  assert.equal(events.find(({ kind }) => kind === "unhealthy")?.actor, "guard");
}, once);

machineTest(machine, "corral set changes the checks of a live job, and adopt begins with them", async () => {
  const caller = new Caller(machine, "root", "systemd", "health-set");
  const job = await caller.start([], ["sh", "-c", "while :; do sleep 1; done"]);
  succeeded(await caller.corral(["set", job, "--health-command", "exit 1"]));
  assert.deepEqual((await caller.corral(["set", job, "--heartbeat", "1s"])).code, 2);
  succeeded(await caller.corral(["set", job, "--health-command", "none"]));
  assert.equal((await healthOf(caller, job)).state, "running");
  await caller.end(job);
  const pid = succeeded(await caller.exec(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"])).stdout
    .trim();
  const checks = ["--health-command", "exit 1", "--health-interval", "300ms"];
  const adopted = succeeded(await caller.corral(["adopt", "--pid", pid, ...checks])).stdout.trim();
  assert.equal((await ended(caller, adopted)).reason, "unhealthy");
}, once);
