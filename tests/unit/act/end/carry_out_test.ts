/** carryOut(): what other processes than the supervisor do with a recorded job, upon what they saw. */
import assert from "node:assert/strict";
import { carryOut, type CarryOutOptions } from "../../../../src/act/end/carry_out.ts";
import type { Job } from "../../../../src/job/job.ts";
import { observeJob } from "../../../../src/observe/job.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { endedPhase, JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, LEADER_PID, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { QuickTime } from "../../../kit/fakes/quick_time.ts";

const END = { do: "end", reason: "killed", exit: null, skipGrace: false } as const;
const UNKILLABLE = { ...END, reason: "unkillable", skipGrace: true } as const;

async function carry(node: FakeNode, job: Job, order: Partial<CarryOutOptions>): Promise<void> {
  const seen = observeJob(node.context, job);
  await carryOut(node.context, node.stores.open("kill"), job, { action: END, seen, actor: "kill", ...order });
}

function orphan(node: FakeNode, graceMs = 600_000): Job {
  const job = node.start({ spec: { graceMs } });
  node.proc.remove(SUPERVISOR_PID);
  return job;
}

const steps = (node: FakeNode) =>
  node.eventKinds().filter((kind) => ["freeze", "signal", "grace", "kill", "empty"].includes(kind));

Deno.test("carryOut() without a grace sends no first signal, whatever the action says", async () => {
  using node = new FakeNode();
  const job = orphan(node);
  await using _kernel = new FakeKernel(node.cgroups);
  await carry(node, job, { skipGrace: true });
  assert.deepEqual(steps(node), ["kill", "empty"]);
});

Deno.test("carryOut() in a hurry does not wait out the grace", async () => {
  using node = new FakeNode();
  const job = orphan(node);
  await using _kernel = new FakeKernel(node.cgroups);
  await carry(node, job, { hurry: AbortSignal.abort() });
  assert.deepEqual(steps(node), ["kill", "empty"]);
});

Deno.test("carryOut() leaves the record and the cgroup to a supervisor that lives, which knows the exit code", async () => {
  using node = new FakeNode();
  const job = node.start({ spec: { graceMs: 5 } });
  await using kernel = new FakeKernel(node.cgroups);
  const { run: _, state: _state, ...ending } = endedPhase({
    reason: "killed",
    exit: { code: 143, signal: null },
  });
  // It takes its time.
  kernel.killed.then(() => setTimeout(() => node.stores.open("run").markEnded(JOB_ID, ending, []), 50));
  await carry(node, job, {});
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.reason, phase.exit.code, node.backend.calls], ["killed", 143, []]);
});

Deno.test("carryOut() records the end itself when a supervisor that seems to live does not", async () => {
  using node = new FakeNode();
  const job = node.start({ spec: { graceMs: 5 } });
  await using _kernel = new FakeKernel(node.cgroups);
  using _time = new QuickTime(50);
  await carry(node, job, {});
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.exit.code === null);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

Deno.test("carryOut() after a reboot touches nothing, and only records", async () => {
  using node = new FakeNode();
  const job = orphan(node);
  const seen = { ...observeJob(node.context, job), sameBoot: false };
  await carry(node, job, { seen, action: { do: "collect", reason: "lost", exit: null } });
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.reason === "lost" && phase.usage === null);
  assert.deepEqual([node.backend.calls, node.cgroups.text(JOB_PATH, "cgroup.kill")], [[], ""]);
});

Deno.test("carryOut() of survivors that stay records who is left by now, and keeps the cgroup", async () => {
  using node = new FakeNode();
  const job = orphan(node);
  node.addProcess(LEADER_PID, { name: "cat", state: "D", cgroup: JOB_PATH });
  const survivors = [LEADER_PID, LEADER_PID + 7].map((pid) => (
    { pid, name: "cat", state: "D", wchan: null, because: "waits" }
  ));
  const { run: _, state: _state, ...ending } = endedPhase({ reason: "unkillable", survivors });
  node.stores.open().markEnded(JOB_ID, ending, []);
  using _time = new QuickTime(200);
  await carry(node, node.recorded(job.spec.id), { action: UNKILLABLE });
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual(phase.survivors.map(({ pid }) => pid), [LEADER_PID]);
  assert.deepEqual([node.backend.calls, steps(node)], [[], ["kill", "empty"]]);
});

Deno.test("carryOut() of survivors whose cgroup has gone takes them out of the record", async () => {
  using node = new FakeNode();
  orphan(node);
  const survivors = [{ pid: LEADER_PID, name: "cat", state: "D", wchan: null, because: "waits" }];
  const { run: _, state: _state, ...ending } = endedPhase({ reason: "unkillable", survivors });
  node.stores.open().markEnded(JOB_ID, ending, []);
  node.cgroups.vanish(JOB_PATH);
  await carry(node, node.recorded(), { action: { do: "collect", reason: "unkillable", exit: null } });
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual(phase.survivors, []);
});

Deno.test("carryOut() does not touch a cgroup that was made anew since it was seen", async () => {
  using node = new FakeNode();
  const job = orphan(node);
  const seen = observeJob(node.context, job);
  Deno.renameSync(node.cgroups.mount + JOB_PATH, `${node.cgroups.mount}/moved`);
  node.cgroups.add(JOB_PATH);
  await assert.rejects(carry(node, job, { seen }), /not the cgroup that was made for this job/);
  assert.deepEqual([node.cgroups.text(JOB_PATH, "cgroup.kill"), node.recorded().phase.state], [
    "",
    "running",
  ]);
});
