import assert from "node:assert/strict";
import { type Job, type Limits, NO_LIMITS } from "../../../../src/job/job.ts";
import { releaseAdopted } from "../../../../src/act/end/release_adopted.ts";
import { decide } from "../../../../src/job/decide.ts";
import { observeJob } from "../../../../src/observe/job.ts";
import { carryOut, isAct } from "../../../../src/act/end/carry_out.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { NO_PID } from "../../../kit/fakes/proc_dir.ts";

const LIMITED = { ...NO_LIMITS, memoryMaxBytes: 1_000_000, swapMaxBytes: 0 };

/** An adoption that was broken off: somebody is in the cgroup, and its supervisor is gone. */
function brokenOff(node: FakeNode, files: Record<string, string> = {}, limits: Limits = LIMITED): Job {
  const job = node.startStarting({ adopted: true, limits, timeoutMs: 60_000 });
  node.cgroups.add(JOB_PATH, { "cgroup.procs": `${NO_PID}\n`, ...files });
  return job;
}

function release(node: FakeNode, job: Job): Promise<number> {
  return releaseAdopted(node.context, node.stores.open("sweep"), job);
}

Deno.test("releaseAdopted() lifts limits, OOM group, deadline and freeze, and touches nobody", async () => {
  using node = new FakeNode();
  const job = brokenOff(node, { "memory.oom.group": "1\n", "cgroup.freeze": "1\n" });
  assert.equal(await release(node, job), 1);
  assert.deepEqual(node.backend.calls, ["setLimits {}", "setBackstop null"]);
  assert.equal(node.cgroups.text(JOB_PATH, "memory.oom.group"), "0");
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0");
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.kill"), "");
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.reason === "failed-to-start");
  assert.deepEqual(node.eventKinds().slice(1), ["released", "ended"]);
});

Deno.test("releaseAdopted() removes a cgroup that nobody is in", async () => {
  using node = new FakeNode();
  const job = brokenOff(node, { "cgroup.events": "populated 0\nfrozen 0\n", "cgroup.procs": "" });
  assert.equal(await release(node, job), 0);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

Deno.test("releaseAdopted() records what never got as far as a cgroup", async () => {
  using node = new FakeNode();
  const job = node.startStarting({ adopted: true });
  assert.equal(await release(node, job), 0);
  assert.deepEqual([node.backend.calls, node.recorded().phase.state], [[], "ended"]);
});

Deno.test("releaseAdopted() goes on when one thing cannot be lifted, and says so", async () => {
  using node = new FakeNode();
  const job = brokenOff(node);
  node.backend.failures.setLimits = new Error("systemd refuses");
  assert.equal(await release(node, job), 1);
  assert.deepEqual(node.backend.calls, ["setLimits {}", "setBackstop null"]);
  assert.match(node.said.join("\n"), /^warning: the limits stay: unexpected: systemd refuses$/);
  assert.equal(node.recorded().phase.state, "ended");
});

Deno.test("what others do with an adoption that was broken off is to release it", async () => {
  using node = new FakeNode();
  const job = brokenOff(node, {}, NO_LIMITS);
  const seen = observeJob(node.context, job);
  const action = decide(job, seen);
  assert.ok(isAct(action));
  await carryOut(node.context, node.stores.open("sweep"), job, { action, seen, actor: "sweep" });
  assert.deepEqual(node.backend.calls, ["setBackstop null"]);
  const ended = node.recorded();
  assert.equal(ended.phase.state, "ended");
  // And then nothing more, as long as they run.
  assert.deepEqual(decide(ended, observeJob(node.context, ended)), { do: "leave" });
});
