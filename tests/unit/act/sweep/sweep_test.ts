import assert from "node:assert/strict";
import { sweep, type SweepAct, type SweepOptions } from "../../../../src/act/sweep/sweep.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { Child } from "../../../kit/fakes/child.ts";
import { endedPhase, JOB_ID, runOf } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, LEADER_PID, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { QuickTime } from "../../../kit/fakes/quick_time.ts";

const OPTIONS: SweepOptions = {
  dryRun: false,
  onOrphan: "kill",
  escapees: "report",
  statusCommand: null,
  finishedStatuses: [],
  strikes: 2,
  patienceMs: 20,
  graceMs: 2_000,
  retentionMs: null,
  isStopped: () => false,
};

/** Everything that a sweep tells. */
async function listen(node: FakeNode, changes: Partial<SweepOptions> = {}) {
  const told = { acts: [] as SweepAct[], findings: [] as string[], escapees: [] as string[] };
  await sweep(node.context, node.stores.open("sweep"), { ...OPTIONS, ...changes }, {
    pruned: () => {},
    act: (act) => void told.acts.push(act),
    finding: ({ kind }) => void told.findings.push(kind),
    escapee: (_escapee, { ended }) => void told.escapees.push(ended),
  });
  return told;
}

async function sweepNode(node: FakeNode, changes: Partial<SweepOptions> = {}): Promise<SweepAct[]> {
  const acts: SweepAct[] = [];
  await sweep(node.context, node.stores.open("sweep"), { ...OPTIONS, ...changes }, {
    pruned: () => {},
    act: (act) => void acts.push(act),
    finding: ({ message }) => assert.fail(message),
    escapee: ({ name }) => assert.fail(name),
  });
  return acts;
}

Deno.test("sweep() begins a long grace, leaves it to go on, and kills when it is over", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 3_600_000 } });
  node.proc.remove(SUPERVISOR_PID);
  await using _kernel = new FakeKernel(node.cgroups);
  const outcomes: string[] = [];
  for (const passedMs of [0, 1_000, 3_600_000]) {
    node.bootMs += passedMs;
    for (const { outcome, reason } of await sweepNode(node)) outcomes.push(`${outcome} ${reason}`);
  }
  assert.deepEqual(outcomes, ["grace orphaned", "grace orphaned", "ended orphaned"]);
  assert.equal(node.eventKinds().filter((kind) => kind === "signal").length, 1);
});

Deno.test("sweep() that is told to stop begins nothing more", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 5 } });
  node.proc.remove(SUPERVISOR_PID);
  assert.deepEqual(await sweepNode(node, { isStopped: () => true }), []);
  assert.equal(node.recorded().phase.state, "running");
});

Deno.test("sweep() whose store is full ends every orphan all the same, and the next one records and removes them", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 5 }, files: { "cpu.stat": "usage_usec 7\n" } });
  node.proc.remove(SUPERVISOR_PID);
  await using kernel = new FakeKernel(node.cgroups);
  node.stores.fill();
  assert.deepEqual((await sweepNode(node)).map(({ outcome }) => outcome), ["ended"]);
  await kernel.killed;
  // Its figures are in it, and nowhere else.
  assert.deepEqual(node.backend.calls, []);
  assert.match(node.said.join("\n"), /^warning: the record of this job is incomplete: .*full/);
  assert.equal(node.said.length, 1);
  assert.equal(node.recorded().phase.state, "running");
  node.stores.free();
  node.proc.remove(LEADER_PID);
  assert.deepEqual((await sweepNode(node)).map(({ outcome }) => outcome), ["ended"]);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.usage?.cpuUsageUsec === 7);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

Deno.test("sweep() writes what it could not record at its end, when there is room again by then", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 5 } });
  node.proc.remove(SUPERVISOR_PID);
  await using kernel = new FakeKernel(node.cgroups);
  node.stores.fill();
  const pids = node.proc.procs.pids.bind(node.proc.procs);
  // Escapees are looked for last.
  node.proc.procs.pids = () => {
    node.stores.free();
    return pids();
  };
  await sweepNode(node);
  await kernel.killed;
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.reason === "orphaned");
});

Deno.test("sweep() ends a job that is still starting when its launch hangs, and its supervisor lets nothing run", async () => {
  using node = new FakeNode();
  node.startStarting({ graceMs: 5 });
  node.cgroups.add(JOB_PATH);
  node.addProcess(SUPERVISOR_PID, { startTicks: 900_000 });
  await using _kernel = new FakeKernel(node.cgroups);
  assert.deepEqual(await sweepNode(node), []);
  node.bootMs = 900_000 * 10 + 600_001;
  using _time = new QuickTime(50);
  const acts = await sweepNode(node);
  assert.deepEqual(acts.map(({ outcome, reason }) => [outcome, reason]), [["ended", "failed-to-start"]]);
  const store = node.stores.open("run");
  assert.equal(store.markRunning(JOB_ID, runOf()), false);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.run === null);
});

Deno.test("sweep() sends nothing to a cgroup that was made anew under the job's name", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 5 } });
  node.proc.remove(SUPERVISOR_PID);
  const get = node.stores.open.bind(node.stores);
  // Between the look at it and the deed.
  node.stores.open = (actor) => {
    const store = get(actor);
    const read = store.get.bind(store);
    store.get = (id, onDamage) => {
      Deno.renameSync(node.cgroups.mount + JOB_PATH, `${node.cgroups.mount}/moved`);
      node.cgroups.add(JOB_PATH, { "cgroup.procs": `${LEADER_PID}\n` });
      store.get = read;
      return read(id, onDamage);
    };
    return store;
  };
  node.backend.list = () => [];
  const [act] = await sweepNode(node);
  assert.equal(act?.outcome, "failed");
  assert.match(act?.message ?? "", /not the cgroup that was made for this job/);
  assert.deepEqual(["cgroup.kill", "cgroup.freeze"].map((file) => node.cgroups.text(JOB_PATH, file)), [
    "",
    "0\n",
  ]);
});

Deno.test("sweep() goes on with the others when one cannot be looked at", async () => {
  using node = new FakeNode();
  node.start({ spec: { id: "aaaaaa" }, files: { "cgroup.events": "nonsense\n" } });
  node.start({ spec: { graceMs: 5 } });
  node.proc.remove(SUPERVISOR_PID);
  await using _kernel = new FakeKernel(node.cgroups);
  const { acts, findings } = await listen(node);
  assert.deepEqual([acts.map(({ job }) => job.spec.id), findings], [[JOB_ID], ["unreadable"]]);
});

Deno.test("sweep() tells of a job whose processes stay alive, and how many", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 5 } });
  node.proc.remove(SUPERVISOR_PID);
  node.addProcess(LEADER_PID, { state: "D", cgroup: JOB_PATH });
  using _time = new QuickTime(200);
  const [act] = await sweepNode(node);
  assert.deepEqual([act?.outcome, act?.survivors, act?.reason], ["alive", 1, "unkillable"]);
});

Deno.test({
  name: "sweep() ends escapees of a job that is over only when it is told to, and never in a dry run",
  // The C library stays open for the life of the process.
  sanitizeResources: false,
  async fn() {
    await using child = new Child("exec sleep 1000");
    using node = new FakeNode();
    node.start();
    const { run: _, state: _state, ...ending } = endedPhase();
    node.stores.open().markEnded(JOB_ID, ending, []);
    node.cgroups.vanish(JOB_PATH);
    node.addProcess(child.pid, { environ: [`CORRAL_JOB_ID=${JOB_ID}`], cgroup: "/session.scope" });
    const told = async (changes: Partial<SweepOptions>) => {
      const { findings, escapees } = await listen(node, changes);
      return [findings, escapees];
    };
    assert.deepEqual(await told({ escapees: "report" }), [["escapee"], []]);
    assert.deepEqual(await told({ escapees: "kill", dryRun: true }), [["escapee"], []]);
    assert.deepEqual(await told({ escapees: "kill" }), [[], ["term"]]);
    assert.equal(await child.signal, "SIGTERM");
  },
});

Deno.test("sweep() ends a job that is unhealthy while its supervisor is stopped, and none while that goes on", async () => {
  const ended = async (state: string) => {
    using node = new FakeNode();
    const user = { uid: Deno.uid()!, gid: Deno.gid()!, home: "/" };
    const health = { idle: { afterMs: 1_200_000, action: "kill" as const }, user };
    const job = node.start({ spec: { health, graceMs: 0 }, files: { "cpu.stat": "usage_usec 0\n" } });
    await using _kernel = new FakeKernel(node.cgroups);
    const { startTicks } = job.watch!.supervisor;
    node.proc.remove(SUPERVISOR_PID);
    node.addProcess(SUPERVISOR_PID, { startTicks, command: ["corral", "run"], state });
    for (let sweeps = 0; sweeps < 14; sweeps++) {
      await sweepNode(node);
      if (node.recorded().phase.state !== "running") break;
      node.cgroups.put(JOB_PATH, "cpu.stat", "usage_usec 5000000\n");
      node.bootMs += 300_000;
    }
    const { phase } = node.recorded();
    return phase.state === "ended" ? phase.reason : phase.state;
  };
  assert.equal(await ended("S"), "running");
  assert.equal(await ended("T"), "unhealthy");
});
