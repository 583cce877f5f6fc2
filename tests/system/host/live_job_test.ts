/** Commands on a job that runs, on a real kernel. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { tableRows } from "../../kit/fakes/table.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { exists, HostCorral, until } from "./host_corral.ts";

const machine = await machineUnderTest();
const TICK = ["sh", "-c", "echo ready; while :; do sleep 0.01; done"];

function hostTest(name: string, act: (corral: HostCorral) => Promise<void>): void {
  machineTest(machine, name, async () => {
    await using corral = await HostCorral.on(machine);
    await act(corral);
  });
}

hostTest("corral ps, show, freeze and thaw see what the kernel sees", async (corral) => {
  const live = await corral.start(["--name", "ticker", "--ref", "r-1", "--timeout", "1h"], TICK);
  const ps = await corral.corral("ps", "--json");
  const [listed] = JSON.parse(ps.stdout);
  assert.deepEqual([listed.id, listed.pid, listed.state, listed.ref], [live.id, live.pid, "running", "r-1"]);
  assert.equal(listed.cgroupPath, `${corral.root}/corral/${live.id}`);
  const { processes, pgid } = await corral.show("name:ticker");
  assert.ok(processes.some(({ pid }) => pid === live.pid));
  assert.equal(pgid, live.pid);
  const frozen = () =>
    /^frozen 1$/m.test(Deno.readTextFileSync(`${corral.jobsDirectory}/${live.id}/cgroup.events`));
  assert.equal((await corral.corral("freeze", live.id)).stdout, `${live.id} frozen\n`);
  assert.ok(frozen());
  assert.match((await corral.corral("ps")).stdout, /\bfrozen\b/);
  assert.equal((await corral.corral("thaw", "ref:r-1")).stdout, `${live.id} thawed\n`);
  assert.ok(!frozen());
  const { stdout } = await corral.corral("kill", live.id);
  assert.equal(stdout, `${live.id} ended: killed\n`);
  // The first signal is TERM, and the command dies of it.
  assert.equal((await live.end()).code, 143);
  assert.ok(corral.isGone(live.id));
});

hostTest("corral ps and top tell a busy job from an idle one", async (corral) => {
  const busy = await corral.start(["--name", "busy"], ["sh", "-c", "echo ready; while :; do :; done"]);
  const idle = await corral.start(["--name", "idle"], ["sh", "-c", "echo ready; exec sleep 1000"]);
  const jobs = JSON.parse((await corral.corral("ps", "--json", "--interval", "500ms")).stdout);
  const [busyPercent, idlePercent] = [busy, idle].map(({ id }) =>
    jobs.find((job: { id: string }) => job.id === id).cpuPercent
  );
  // Others may hold the cores; one thread can use one core, give or take the steps of the clocks.
  assert.ok(busyPercent > 10 && busyPercent < 110, `${busyPercent} %`);
  assert.ok(idlePercent < 5, `${idlePercent} %`);
  const { stdout } = await corral.corral("top", "--count", "2", "--interval", "200ms");
  for (const table of stdout.trimEnd().split("\n\n")) {
    assert.deepEqual(tableRows(table.split("\n").slice(1).join("\n")).map(({ NAME }) => NAME), [
      "busy",
      "idle",
    ]);
  }
  for (const { id } of [busy, idle]) await corral.corral("kill", id);
  await Promise.all([busy.end(), idle.end()]);
});

hostTest("corral kill ends a frozen job", async (corral) => {
  const live = await corral.start(["--grace", "100ms"], TICK);
  await corral.corral("freeze", live.id);
  assert.equal((await corral.corral("kill", live.id)).code, 0);
  await live.end();
  assert.ok(corral.isGone(live.id));
});

hostTest("corral set --timeout moves the deadline of a job that runs", async (corral) => {
  const live = await corral.start(["--timeout", "1h"], TICK);
  assert.equal(
    (await corral.corral("set", live.id, "--timeout", "+1h")).stdout,
    `${live.id} set: timeout 2h\n`,
  );
  assert.equal((await corral.corral("set", live.id, "--timeout", "1ms")).code, 0);
  assert.equal((await live.end()).code, 124);
  assert.equal((await corral.show(live.id)).reason, "timeout");
});

hostTest("corral run --detach returns at once; its job is enforced and its output kept", async (corral) => {
  const words = [
    "run",
    "--detach",
    "--backend",
    "cgroupfs",
    "--timeout",
    "300ms",
    "--",
    "sh",
    "-c",
    "echo out; sleep 1000",
  ];
  const { code, stdout } = await corral.corral(...words);
  const id = stdout.trim();
  assert.deepEqual([code, stdout], [0, `${id}\n`]);
  assert.match(id, /^\w{6}$/);
  await until("the job is gone", () => corral.isGone(id));
  assert.equal(Deno.readTextFileSync(`${corral.stateDir}/output/${id}.log`), "out\n");
  assert.equal((await corral.show(id)).reason, "timeout");
});

hostTest(
  "corral kills on time while another process holds the store, and records it when it lets go",
  async (corral) => {
    const live = await corral.start(["--timeout", "500ms", "--grace", "50ms"], TICK);
    using holder = new DatabaseSync(corral.storeFile);
    holder.exec("BEGIN EXCLUSIVE");
    const startedMs = performance.now();
    await until("the command is dead", () => !exists(`/proc/${live.pid}/exe`));
    assert.ok(performance.now() - startedMs < 3_000);
    holder.exec("COMMIT");
    assert.equal((await live.end()).code, 124);
    assert.equal((await corral.show(live.id)).reason, "timeout");
  },
);

/** Stores that cannot be used, each with what is said of it. */
const BROKEN_STORES:
  readonly (readonly [what: string, breaking: (corral: HostCorral) => void, says: RegExp])[] = [
    [
      "corrupt",
      ({ storeFile }) => Deno.writeTextFileSync(storeFile, "garbage\n".repeat(1000)),
      /not a database/,
    ],
    ["a directory", ({ storeFile }) => Deno.mkdirSync(storeFile), /cannot open/],
  ];

for (const [what, breaking, says] of BROKEN_STORES) {
  hostTest(`corral run with a store that is ${what} warns, runs and enforces`, async (corral) => {
    breaking(corral);
    const { code, stderr, job } = await corral.run(["--timeout", "200ms"], ["sleep", "1000"]);
    assert.deepEqual([code, job.reason], [124, "timeout"]);
    const [warning = "", started = "", ended = "", ...more] = stderr.trimEnd().split("\n");
    assert.match(warning, /^corral: warning: this job is not recorded: /);
    assert.match(warning, says);
    assert.match(`${started} ${ended}`, / started .* ended: timeout /);
    assert.deepEqual(more, []);
    assert.ok(corral.isGone(job.id));
    const ps = await corral.corral("ps");
    assert.deepEqual([ps.code, ps.stdout, ps.stderr.split("\n").length], [1, "", 2]);
    Deno.removeSync(corral.storeFile, { recursive: true });
  });
}

hostTest("corral run where nothing can be stored at all warns and runs", async (corral) => {
  const words = ["--state-dir", "/proc/corral", "run", "--backend", "cgroupfs", "--", "sh", "-c", "exit 7"];
  const { code, stderr } = await corral.corral(...words);
  assert.equal(code, 7);
  assert.match(
    stderr,
    /^corral: warning: this job is not recorded: .*\(give a writable directory: --state-dir/,
  );
});

hostTest("corral run passes the exit code on although the receipt's disk is full", async (corral) => {
  const words = ["run", "--backend", "cgroupfs", "--receipt", "/dev/full", "--", "sh", "-c", "exit 7"];
  const { code, stderr } = await corral.corral(...words);
  assert.equal(code, 7);
  assert.match(stderr, /^corral: warning: the receipt "\/dev\/full" is incomplete: No space left/m);
});
