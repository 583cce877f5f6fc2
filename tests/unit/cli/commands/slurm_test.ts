import assert from "node:assert/strict";
import { END_REASONS } from "../../../../src/job/job.ts";
import { endedPhase, JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";

const slurm = { job: 42, step: "batch", restarts: 0 };

/** Its processes end as soon as its cgroup is killed. */
function startIn(node: FakeNode, watch: object): void {
  node.start({ watch, files: { "cgroup.events": "populated 0\nfrozen 0\n" } });
  node.proc.remove(SUPERVISOR_PID);
}

Deno.test("corral slurm-epilog ends the jobs of that Slurm job, and says why in the record", async () => {
  using node = new FakeNode();
  startIn(node, { slurm });
  node.env = { SLURM_JOB_ID: "42" };
  assert.equal(await node.corral("slurm-epilog"), 0);
  const { phase } = node.recorded();
  assert.equal(phase.state === "ended" && phase.reason, "orphaned");
  assert.match(END_REASONS.orphaned, /its Slurm job was over/);
  assert.match(node.said.join("\n"), new RegExp(`job ${JOB_ID} of Slurm job 42 ended: orphaned`));
});

Deno.test("corral slurm-epilog leaves the jobs of another Slurm job, and of none", async () => {
  for (const watch of [{ slurm: { ...slurm, job: 43 } }, {}]) {
    using node = new FakeNode();
    startIn(node, watch);
    node.env = { SLURM_JOB_ID: "42" };
    assert.equal(await node.corral("slurm-epilog"), 0);
    assert.equal(node.recorded().phase.state, "running");
  }
});

Deno.test("corral slurm-epilog takes the number of a job for hostile, and exits 0 whatever it is called with", async () => {
  for (const id of [undefined, "", "42; reboot", "-1", "0", "99999999999", "../42"]) {
    using node = new FakeNode();
    startIn(node, { slurm });
    node.env = id === undefined ? {} : { SLURM_JOB_ID: id };
    assert.equal(await node.corral("slurm-epilog"), 0);
    assert.match(node.said.join("\n"), /nothing is done$/);
    assert.equal(node.recorded().phase.state, "running");
  }
  using node = new FakeNode();
  assert.equal(await node.corral("slurm-epilog", "--no-such", "word"), 0);
});

Deno.test("corral slurm-epilog exits 0 also when the store cannot be opened", async () => {
  using node = new FakeNode();
  node.env = { SLURM_JOB_ID: "42" };
  node.openStore = () => {
    throw new Error("the disk is gone");
  };
  assert.equal(await node.corral("slurm-epilog"), 0);
  assert.match(node.said.join("\n"), /the disk is gone/);
});

/** A node as scontrol shows it, and what it was told. */
function withSlurm(node: FakeNode, state: string): string[][] {
  const updates: string[][] = [];
  node.uid = 0;
  node.env = { SLURMD_NODENAME: "n1" };
  node.run = (argv) => {
    if (argv.includes("update")) updates.push([...argv]);
    return Promise.resolve({ code: 0, stdout: `NodeName=n1 State=${state} Reason=x\n`, stderr: "" });
  };
  return updates;
}

function leaveUnkillable(node: FakeNode): void {
  startIn(node, {});
  node.cgroups.add(`/corral/${JOB_ID}`, { "cgroup.events": "populated 1\nfrozen 0\n" });
  const survivor = { pid: 5, name: "cat", state: "D", wchan: "rpc_wait", because: "it waits" };
  const { reason: _, ...ending } = endedPhase({ survivors: [survivor] });
  node.stores.open().markEnded(JOB_ID, { ...ending, reason: "unkillable" }, []);
}

Deno.test("corral slurm-health is silent on a node that is well", async () => {
  using node = new FakeNode();
  const updates = withSlurm(node, "IDLE");
  assert.equal(await node.corral("slurm-health"), 0);
  assert.deepEqual([updates, node.said], [[], []]);
});

Deno.test("corral slurm-health drains a node with processes that cannot be killed, once, with the reason", async () => {
  using node = new FakeNode();
  const updates = withSlurm(node, "IDLE");
  leaveUnkillable(node);
  assert.equal(await node.corral("slurm-health"), 1);
  assert.equal(updates.length, 1);
  assert.match(updates[0]!.join(" "), new RegExp(`NodeName=n1 State=DRAIN Reason=corral: .*${JOB_ID}`));
  using drained = new FakeNode();
  const none = withSlurm(drained, "IDLE+DRAIN");
  leaveUnkillable(drained);
  assert.equal(await drained.corral("slurm-health"), 1);
  assert.deepEqual(none, [], "the reason of whoever drained it stays");
});

Deno.test("corral slurm-health needs root", async () => {
  using node = new FakeNode();
  assert.equal(await node.corral("slurm-health"), 2);
});
