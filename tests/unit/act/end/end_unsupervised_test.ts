import assert from "node:assert/strict";
import { endUnsupervised, type GuardSaw } from "../../../../src/act/end/end_unsupervised.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, LEADER_PID, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";

const end = (node: FakeNode, saw: GuardSaw, onOrphan: "kill" | "keep" = "kill") =>
  endUnsupervised(node.context, node.stores.open("guard"), JOB_ID, { saw, onOrphan });

const reasonOf = (node: FakeNode) => {
  const { phase } = node.recorded();
  return phase.state === "ended" ? phase.reason : phase.state;
};

Deno.test("endUnsupervised() ends an orphan, and one that is overdue as a timeout", async () => {
  for (const [deadlineBootMs, reason] of [[null, "orphaned"], [9_100_000, "timeout"]] as const) {
    using node = new FakeNode();
    node.start({ spec: { graceMs: 5 }, run: { deadlineBootMs } });
    node.proc.remove(SUPERVISOR_PID);
    await using _kernel = new FakeKernel(node.cgroups);
    assert.equal(await end(node, "gone"), "over");
    assert.equal(reasonOf(node), reason);
  }
});

Deno.test("endUnsupervised() waits for a supervisor that is about to be gone, and leaves the job of one that stays", async () => {
  using dying = new FakeNode();
  dying.start({ spec: { graceMs: 5 } });
  await using _kernel = new FakeKernel(dying.cgroups);
  dying.meanwhile = () => dying.proc.remove(SUPERVISOR_PID);
  assert.equal(await end(dying, "gone"), "over");
  assert.equal(reasonOf(dying), "orphaned");

  using living = new FakeNode();
  living.start();
  assert.equal(await end(living, "gone"), "supervised");
  assert.equal(reasonOf(living), "running");
});

Deno.test("endUnsupervised() takes a supervisor for gone that is late by more than the grace, and no other", async () => {
  const job = { spec: { graceMs: 1_000 }, run: { deadlineBootMs: 9_100_500 } };
  for (const [bootMs, becomes] of [[9_101_000, "running"], [9_101_600, "timeout"]] as const) {
    using node = new FakeNode();
    node.start(job);
    node.bootMs = bootMs;
    await using kernel = new FakeKernel(node.cgroups);
    const asked = end(node, "hung");
    if (becomes === "timeout") await kernel.killed;
    assert.equal(await asked, becomes === "running" ? "supervised" : "over");
    assert.equal(reasonOf(node), becomes);
  }
});

Deno.test("endUnsupervised() takes a supervisor for hung whose job has used CPU time for longer than the grace beyond its limit", async () => {
  for (const [usedMs, becomes] of [[2_900, "running"], [3_100, "cpu-time"]] as const) {
    using node = new FakeNode();
    node.proc.write("stat", "cpu0 1\ncpu1 1\n");
    node.start({
      spec: { graceMs: 1_000, cpuTimeMs: 1_000 },
      files: { "cpu.stat": `usage_usec ${usedMs * 1000}\n` },
    });
    await using kernel = new FakeKernel(node.cgroups);
    const asked = end(node, "hung");
    if (becomes === "cpu-time") await kernel.killed;
    assert.equal(await asked, becomes === "running" ? "supervised" : "over");
    assert.equal(reasonOf(node), becomes);
  }
});

Deno.test("endUnsupervised() with on-orphan keep waits for the job's own end and records it", async () => {
  using node = new FakeNode();
  node.start();
  node.proc.remove(SUPERVISOR_PID);
  node.meanwhile = () => {
    if (node.pausesMs.length < 3) return;
    node.proc.remove(LEADER_PID);
    node.cgroups.put(JOB_PATH, "cgroup.procs", "");
    node.cgroups.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
  };
  assert.equal(await end(node, "gone", "keep"), "over");
  assert.equal(reasonOf(node), "exited");
});

Deno.test("endUnsupervised() records what ended with the job in which it was started, also when its cgroup goes at that moment", async () => {
  for (const vanishes of ["before", "meanwhile"] as const) {
    using node = new FakeNode();
    const above = "/corral/aaaaaa";
    node.cgroups.add(above);
    const cgroup = node.cgroups.add(`${above}${JOB_PATH}`, { "cgroup.events": "populated 0\nfrozen 0\n" });
    node.start({ run: { cgroup } });
    for (const pid of [SUPERVISOR_PID, LEADER_PID]) node.proc.remove(pid);
    if (vanishes === "before") node.cgroups.vanish(above);
    const fs = node.cgroups.fs;
    let owned = 0;
    const own: typeof fs.own = (record, id) => {
      // Between the look and the act.
      if (owned++ === 0) node.cgroups.vanish(above);
      return fs.own(record, id);
    };
    const context = { ...node.context, cgroups: () => Object.create(fs, { own: { value: own } }) };
    const store = node.stores.open("guard");
    assert.equal(await endUnsupervised(context, store, JOB_ID, { saw: "gone", onOrphan: "kill" }), "over");
    const { phase } = node.recorded();
    assert.equal(phase.state === "ended" ? phase.reason : phase.state, "orphaned");
    assert.equal(owned, vanishes === "meanwhile" ? 1 : 0);
  }
});

Deno.test("endUnsupervised() does not take a job for over whose record is lost", async () => {
  using node = new FakeNode();
  assert.equal(await end(node, "gone"), "unknown");
});
