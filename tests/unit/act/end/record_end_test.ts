import assert from "node:assert/strict";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";

const nodeTest = testsOf(() => new FakeNode());
const reasons = (node: FakeNode) => node.journal.map((entry) => entry["CORRAL_REASON"]);

nodeTest("the end of a job is in the journal once, by the process that recorded it first", async (node) => {
  const { spec } = node.start({ spec: { ref: "task-17" } });
  node.proc.remove(SUPERVISOR_PID);
  await using _kernel = new FakeKernel(node.cgroups);
  await Promise.all([node.corral("kill", "--now", spec.id), node.corral("sweep")]);
  await node.corral("sweep");
  assert.equal(node.journal.length, 1);
  const { CORRAL_JOB_ID, CORRAL_REF, CORRAL_REASON } = node.journal[0]!;
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual([CORRAL_JOB_ID, CORRAL_REF, CORRAL_REASON], [spec.id, "task-17", phase.reason]);
});

nodeTest(
  "the journal learns of a job that was lost, and not of what is left of one that has ended",
  async (node) => {
    const { spec } = node.start();
    node.cgroups.vanish(`/corral/${spec.id}`);
    node.proc.remove(SUPERVISOR_PID);
    assert.equal(await node.corral("sweep"), 0);
    assert.deepEqual(reasons(node), ["lost"]);
    assert.equal(await node.corral("sweep"), 0);
    assert.deepEqual(reasons(node), ["lost"]);
  },
);
