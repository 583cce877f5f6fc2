import assert from "node:assert/strict";
import {
  type EndableJob,
  endJob,
  type EndRequest,
  type Enforcement,
} from "../../../../src/act/end/end_job.ts";
import { Ledger } from "../../../../src/store/ledger.ts";
import { Sampling } from "../../../../src/observe/sampling.ts";
import { runningFacts } from "../../../../src/job/job.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID, momentAt } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
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
  const { clock, procs } = node.context;
  const sampling = new Sampling(cgroup, run.startedBootMs, clock);
  const job: EndableJob = { spec: recorded.spec, run, cgroup, backend: node.backend, sampling };
  const warn = (line: string) => void node.said.push(line);
  const on: Enforcement = { clock, procs, ledger: new Ledger(store, warn), actor: "run", warn };
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
  const { end } = supervised(node);
  node.stores.open("kill").claimEnding(JOB_ID, "killed", momentAt(1));
  await using _kernel = new FakeKernel(node.cgroups);
  const ended = (await end({ hurry: AbortSignal.abort() }))!;
  assert.deepEqual(ended.steps.map(({ kind }) => kind), ["kill", "empty"]);
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
