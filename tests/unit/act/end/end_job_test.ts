import assert from "node:assert/strict";
import {
  type EndableJob,
  endJob,
  type EndRequest,
  type Enforcement,
} from "../../../../src/act/end/end_job.ts";
import { poll } from "../../../../src/base/poll.ts";
import { Ledger } from "../../../../src/store/ledger.ts";
import { Sampling } from "../../../../src/observe/sampling.ts";
import { NO_EXIT, runningFacts } from "../../../../src/job/job.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { endedPhase, JOB_ID, momentAt } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, LEADER_PID } from "../../../kit/fakes/node.ts";
import { QuickTime } from "../../../kit/fakes/quick_time.ts";
import type { JobStore } from "../../../../src/store/jobs.ts";

const EMPTY = "populated 0\nfrozen 0\n";
const GRACE_MS = 5;

/** A running job of the node, as its supervisor holds it, and what it acts with. */
function supervised(node: FakeNode, store: JobStore | null = node.stores.open()) {
  const recorded = node.start({
    spec: { graceMs: GRACE_MS },
    files: { "cpu.stat": "usage_usec 7\n", "memory.events": "oom_kill 0\n" },
  });
  const run = runningFacts(recorded)!;
  const cgroup = node.cgroups.fs.own(run.cgroup, JOB_ID);
  const { clock, procs, journal } = node.context;
  const sampling = new Sampling(cgroup, run.startedBootMs, clock);
  const job: EndableJob = { spec: recorded.spec, run, cgroup, backend: node.backend, sampling };
  const warn = (line: string) => void node.said.push(line);
  const on: Enforcement = { clock, procs, journal, ledger: new Ledger(store, warn), actor: "run", warn };
  const end = (request: Partial<EndRequest>) =>
    endJob(job, { reason: "timeout", exit: null, skipGrace: false, ...request }, on);
  return { job, end };
}

Deno.test("endJob() ends, collects, records and removes, in this order", async () => {
  using node = new FakeNode();
  const { job, end } = supervised(node);
  await using _kernel = new FakeKernel(node.cgroups);
  const exit = { code: null, signal: 9 };
  const ended = (await end({ exitAfterwards: () => Promise.resolve(exit) }))!;
  assert.deepEqual([ended.reason, ended.trigger, ended.exit, ended.survivors], [
    "timeout",
    "timeout",
    exit,
    [],
  ]);
  assert.equal(ended.usage?.cpuUsageUsec, 7);
  assert.equal(ended.usage?.wallMs, node.bootMs - job.run!.startedBootMs);
  assert.deepEqual(ended.steps.map(({ kind }) => kind), ["freeze", "signal", "grace", "kill", "empty"]);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.reason, phase.exit, phase.usage], ["timeout", exit, ended.usage]);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

Deno.test("endJob() looks at the memory of the living before it kills them, and at what they leave", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  const holding = (anon: number, file: number) =>
    node.cgroups.put(JOB_PATH, "memory.stat", `anon ${anon}\nfile ${file}\nshmem 3\nslab 4\n`);
  holding(7000, 100);
  await using kernel = new FakeKernel(node.cgroups);
  kernel.killed.then(() => holding(0, 900));
  const ended = (await end({ skipGrace: true }))!;
  const { memoryAnonPeakBytes, memoryFilePeakBytes, memorySlabPeakBytes } = ended.usage!;
  assert.deepEqual([memoryAnonPeakBytes, memoryFilePeakBytes, memorySlabPeakBytes], [7000, 900, 4]);
  const { samples, peaks } = node.stores.open().sampled(JOB_ID);
  assert.deepEqual([samples.map(({ anonBytes }) => anonBytes), peaks.anonBytes], [[7000], 7000]);
});

Deno.test("endJob() of a job that ended unseen does not call its own memory 0", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  node.cgroups.put(JOB_PATH, "memory.stat", "anon 0\nfile 900\nshmem 3\nslab 4\n");
  const { memoryAnonPeakBytes, memoryFilePeakBytes } = (await end({ reason: "exited" }))!.usage!;
  assert.deepEqual([memoryAnonPeakBytes, memoryFilePeakBytes], [null, 900]);
});

Deno.test("endJob() of an empty cgroup sends nothing", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  const ended = (await end({ reason: "exited", exit: { code: 3, signal: null } }))!;
  assert.deepEqual([ended.steps, ended.reason, ended.exit.code], [[], "exited", 3]);
});

Deno.test("endJob() of a cgroup that is gone records the end without usage", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.cgroups.vanish(JOB_PATH);
  assert.equal((await end({ reason: "lost" }))?.usage, null);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.reason === "lost" && phase.usage === null);
});

Deno.test("endJob() keeps the reason of who came first and leaves the grace to them", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.stores.open("kill").claimEnding(JOB_ID, "killed", momentAt(1));
  const ending = end({ reason: "timeout" });
  // The one that came first does its work.
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  const ended = (await ending)!;
  assert.deepEqual([ended.reason, ended.steps], ["killed", []]);
});

Deno.test("endJob() in a hurry does not leave it to them", async () => {
  using node = new FakeNode();
  const { end, job } = supervised(node);
  node.stores.open("kill").claimEnding(JOB_ID, "killed", momentAt(1));
  await using _kernel = new FakeKernel(node.cgroups);
  job.spec.graceMs = 600_000;
  const ended = await end({ hurry: AbortSignal.abort() });
  assert.deepEqual(ended?.steps.map(({ kind }) => kind), ["kill", "empty"]);
});

Deno.test("endJob() takes up an ending: the grace that is left, and the first signal to none that may have had it", async () => {
  for (
    const [frozen, kinds] of [["0", ["kill", "empty"]], ["1", [
      "freeze",
      "signal",
      "grace",
      "kill",
      "empty",
    ]]] as const
  ) {
    using node = new FakeNode();
    const { end } = supervised(node);
    node.stores.open("run").claimEnding(JOB_ID, "killed", momentAt(1));
    node.cgroups.put(JOB_PATH, "cgroup.freeze", `${frozen}\n`);
    await using _kernel = new FakeKernel(node.cgroups);
    const ended = (await end({ reason: "killed", graceLeftMs: 1 }))!;
    assert.deepEqual(ended.steps.map(({ kind }) => kind), kinds, `frozen ${frozen}`);
  }
});

Deno.test("endJob() leaves the record and the cgroup to the supervisor that has recorded the end", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  assert.equal(await end({ recordedByOther: () => Promise.resolve(true) }), null);
  assert.deepEqual(node.backend.calls, []);
  assert.equal(node.recorded().phase.state, "ending");
});

Deno.test("endJob() ends the job although there is no store", async () => {
  using node = new FakeNode();
  const { end } = supervised(node, null);
  await using _kernel = new FakeKernel(node.cgroups);
  const ended = (await end({}))!;
  assert.deepEqual([ended.reason, ended.steps.length], ["timeout", 5]);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

Deno.test("endJob() says that a cgroup cannot be removed, and still has ended the job", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  node.backend.failures.remove = new Error("busy");
  assert.equal((await end({}))?.reason, "timeout");
  assert.match(node.said[0]!, /^warning: .*busy/);
  assert.equal(node.recorded().phase.state, "ended");
  assert.ok(node.eventKinds().includes("remove-failed"));
});

Deno.test("endJob() says that the usage cannot be read, and still has ended the job", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  node.cgroups.put(JOB_PATH, "cpu.stat", "nonsense\n");
  assert.equal((await end({}))?.usage, null);
  assert.match(node.said[0]!, /^warning: the usage could not be read: .*cpu\.stat/);
});

Deno.test("endJob() of a leader that does not die records who is left, and keeps the cgroup", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.addProcess(LEADER_PID, { name: "cat", state: "D", wchan: "rpc_wait_bit_killable", cgroup: JOB_PATH });
  using _time = new QuickTime(200);
  const exitAfterwards = () => assert.fail("it has not left");
  const ended = (await end({ exitAfterwards }))!;
  assert.deepEqual([ended.reason, ended.trigger], ["unkillable", "timeout"]);
  assert.deepEqual(ended.exit, { code: null, signal: null });
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.reason, phase.trigger], ["unkillable", "timeout"]);
  assert.deepEqual(phase.survivors.map(({ pid, state }) => [pid, state]), [[LEADER_PID, "D"]]);
  assert.match(phase.survivors[0]!.because, /NFS/);
  assert.deepEqual(node.backend.calls, []);
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.kill"), "1");
});

Deno.test("endJob() whose leader has left asks how, although others stay", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.addProcess(LEADER_PID + 7, { state: "D", cgroup: JOB_PATH });
  node.cgroups.put(JOB_PATH, "cgroup.procs", `${LEADER_PID + 7}\n`);
  using _time = new QuickTime(200);
  const exit = { code: 3, signal: null };
  const ended = (await end({ exitAfterwards: () => Promise.resolve(exit) }))!;
  assert.deepEqual([ended.reason, ended.exit], ["unkillable", exit]);
  assert.deepEqual(ended.survivors.map(({ pid }) => pid), [LEADER_PID + 7]);
});

Deno.test("endJob() of an unkillable job that dies at last takes the survivors out of its record", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  const survivors = [{ pid: LEADER_PID, name: "cat", state: "D", wchan: null, because: "waits" }];
  const { run: _, state: _state, ...ending } = endedPhase({
    reason: "unkillable",
    trigger: "timeout",
    survivors,
  });
  node.stores.open().markEnded(JOB_ID, ending, []);
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  assert.notEqual(await end({ reason: "unkillable", skipGrace: true }), null);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.reason, phase.survivors], ["unkillable", []]);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

Deno.test("endJob() by two at once has one reason, one end, and removes the cgroup", async () => {
  using node = new FakeNode();
  const { end, job } = supervised(node);
  await using kernel = new FakeKernel(node.cgroups);
  const warn = (line: string) => void node.said.push(line);
  const { clock, procs, journal } = node.context;
  const ledger = new Ledger(node.stores.open("kill"), warn);
  const sampling = new Sampling(job.cgroup, job.run!.startedBootMs, clock);
  const first = endJob(
    { ...job, sampling },
    { reason: "killed", exit: null, skipGrace: false },
    { clock, procs, journal, ledger, actor: "kill", warn },
  );
  const second = end({ reason: "timeout" });
  const endings = await Promise.all([first, second]);
  await kernel.killed;
  assert.deepEqual(endings.map((ending) => ending?.trigger), ["killed", "killed"]);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.reason === "killed");
  const counted = (wanted: string) => node.eventKinds().filter((kind) => kind === wanted).length;
  assert.deepEqual(["ending", "signal", "kill", "ended"].map(counted), [1, 1, 1, 1]);
  assert.equal(node.cgroups.fs.inode(JOB_PATH), null);
  assert.deepEqual(node.said, []);
});

Deno.test("endJob() waits for another's ending no longer than its grace and three seconds, and finishes it", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  node.stores.open("kill").claimEnding(JOB_ID, "killed", momentAt(1));
  await using kernel = new FakeKernel(node.cgroups);
  using _time = new QuickTime(50);
  const startedMs = performance.now();
  let tookMs = 0;
  kernel.killed.then(() => tookMs = performance.now() - startedMs);
  const ended = (await end({ reason: "timeout" }))!;
  assert.deepEqual(ended.steps.map(({ kind }) => kind), ["kill", "empty"]);
  assert.ok(tookMs >= GRACE_MS + 3_000 && tookMs < 10_000, `${tookMs} ms`);
});

Deno.test("endJob() whose patience is shorter than the grace begins it, and leaves the job to be ended later", async () => {
  using node = new FakeNode();
  const { end, job } = supervised(node);
  job.spec.graceMs = 600_000;
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await end({ patienceMs: 20 }), null);
  assert.equal(node.recorded().phase.state, "ending");
  assert.deepEqual(node.eventKinds().slice(-3), ["freeze", "signal", "grace"]);
  assert.deepEqual([node.backend.calls, node.cgroups.text(JOB_PATH, "cgroup.kill")], [[], ""]);
  // The next one takes it up for what is left of the grace, and that is still too long.
  assert.equal(await end({ graceLeftMs: 500_000, patienceMs: 20 }), null);
  assert.equal(node.eventKinds().filter((kind) => kind === "signal").length, 1);
  const ended = (await end({ graceLeftMs: 0, patienceMs: 20 }))!;
  assert.deepEqual(ended.steps.map(({ kind }) => kind), ["kill", "empty"]);
  assert.equal(node.recorded().phase.state, "ended");
});

Deno.test("endJob() records its steps with the end although it had to wait for a supervisor", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await end({ recordedByOther: () => Promise.resolve(true) }), null);
  assert.ok(node.eventKinds().includes("kill"));
  const { kind, atMs, actor } = node.stores.open().events(JOB_ID).find(({ kind }) => kind === "kill")!;
  assert.deepEqual([kind, atMs, actor], ["kill", node.wallMs, "run"]);
});

Deno.test("endJob() dates the end by the wall clock, and measures the job by the clock that does not step", async () => {
  using node = new FakeNode();
  const { end, job } = supervised(node);
  await using _kernel = new FakeKernel(node.cgroups);
  node.wallMs = 5_000;
  node.bootMs = job.run!.startedBootMs + 61_000;
  const ended = (await end({}))!;
  assert.deepEqual([ended.endedAtMs, ended.usage?.wallMs], [5_000, 61_000]);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.endedAtMs === 5_000);
  assert.ok(ended.steps.every(({ atMs }) => atMs === 5_000));
});

Deno.test("endJob() of a job that ended unseen does not know how long it ran; its supervisor does", async () => {
  for (const [exitAfterwards, wallMs] of [[undefined, null], [() => Promise.resolve(null), 9_000]] as const) {
    using node = new FakeNode();
    const { end, job } = supervised(node);
    node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
    node.bootMs = job.run!.startedBootMs + 9_000;
    const ended = (await end({ reason: "exited", ...(exitAfterwards ? { exitAfterwards } : {}) }))!;
    assert.equal(ended.usage?.wallMs, wallMs);
  }
});

Deno.test("endJob() of processes that were seen alive and are gone measures the job up to this moment", async () => {
  using node = new FakeNode();
  const { end, job } = supervised(node);
  node.cgroups.put(JOB_PATH, "cgroup.events", EMPTY);
  node.bootMs = job.run!.startedBootMs + 9_000;
  assert.equal((await end({ sawItLive: true }))!.usage?.wallMs, 9_000);
});

Deno.test("endJob() of a supervisor that comes second tells the usage that is recorded, and adds the exit", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  const { run: _, state: _state, ...first } = endedPhase({ reason: "timeout", trigger: "timeout" });
  const usage = { ...first.usage!, cpuUsageUsec: 4_711, wallMs: 12_000 };
  node.stores.open("guard").markEnded(JOB_ID, { ...first, exit: NO_EXIT, usage }, []);
  node.cgroups.vanish(JOB_PATH);
  const exit = { code: null, signal: 9 };
  const ended = (await end({ exitAfterwards: () => Promise.resolve(exit) }))!;
  assert.deepEqual([ended.usage?.cpuUsageUsec, ended.usage?.wallMs], [4_711, 12_000]);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.exit, phase.usage?.cpuUsageUsec], [exit, 4_711]);
  // What is recorded of the exit stays.
  node.stores.open().markEnded(JOB_ID, { ...first, exit: { code: 3, signal: null }, usage: null }, []);
  const { phase: later } = node.recorded();
  assert.deepEqual(later.state === "ended" && later.exit, exit);
});

Deno.test("endJob() ends the job although the store is full, says so once, and a supervisor removes the cgroup", async () => {
  for (const isShared of [false, true]) {
    using node = new FakeNode();
    const { job } = supervised(node);
    await using _kernel = new FakeKernel(node.cgroups);
    node.stores.fill();
    const { clock, procs, journal } = node.context;
    const warn = (line: string) => void node.said.push(line);
    const ledger = new Ledger(node.stores.open(), warn, { isShared });
    const on = { clock, procs, journal, ledger, actor: "run", warn };
    const ended = (await endJob(job, { reason: "timeout", exit: null, skipGrace: false }, on))!;
    assert.deepEqual([ended.reason, ended.survivors], ["timeout", []]);
    assert.equal(node.said.length, 1);
    assert.match(node.said[0]!, /record of this job is incomplete: .*full/);
    // A sweep keeps the cgroup, with its figures, for the next one.
    assert.deepEqual(node.backend.calls, isShared ? [] : [`remove ${JOB_PATH}`]);
    node.stores.free();
    ledger.flush();
    const { phase } = node.recorded();
    assert.ok(phase.state === "ended");
    assert.deepEqual([phase.reason, phase.usage?.cpuUsageUsec], ["timeout", 7]);
  }
});

Deno.test("endJob() that is to skip the grace sends no first signal", async () => {
  using node = new FakeNode();
  const { end } = supervised(node);
  await using _kernel = new FakeKernel(node.cgroups);
  const ended = (await end({ skipGrace: true }))!;
  assert.deepEqual(ended.steps.map(({ kind }) => kind), ["kill", "empty"]);
});

Deno.test("endJob() cuts the grace short when it is told to hurry", async () => {
  using node = new FakeNode();
  const { end, job } = supervised(node);
  job.spec.graceMs = 600_000;
  await using _kernel = new FakeKernel(node.cgroups);
  const hurry = new AbortController();
  const ending = end({ hurry: hurry.signal });
  assert.ok(await poll(() => node.cgroups.text(JOB_PATH, "cgroup.freeze") === "0", 10_000));
  hurry.abort();
  assert.deepEqual((await ending)?.steps.map(({ kind }) => kind), [
    "freeze",
    "signal",
    "grace",
    "kill",
    "empty",
  ]);
});
