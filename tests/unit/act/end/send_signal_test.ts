import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { Bystander } from "../../../kit/fakes/bystander.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { Child } from "../../../kit/fakes/child.ts";
import { JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const signalTest = testsOf(() => new FakeNode());

/** A job whose cgroup lists these processes, each of which is in the cgroup that stands by it. */
function jobOf(node: FakeNode, places: ReadonlyMap<number, string>): void {
  node.start({ files: { "cgroup.procs": [...places.keys()].map((pid) => `${pid}\n`).join("") } });
  for (const [pid, cgroup] of places) node.proc.add(pid, { cgroup });
}

signalTest("corral kill --signal reaches each process of the job once, and no other", async (node) => {
  await using inside = await Child.ignoring("USR1");
  await using moved = new Bystander();
  await using outside = new Bystander();
  jobOf(
    node,
    new Map([[inside.pid, `${JOB_PATH}/nested`], [moved.pid, "/elsewhere"], [outside.pid, `${JOB_PATH}x`]]),
  );
  assert.equal(await node.corral("kill", "-s", "USR1", JOB_ID), EXIT.DONE);
  assert.deepEqual([node.out, node.said], [`${JOB_ID} USR1 sent to 1 process\n`, []]);
  assert.ok(await moved.wasLeftAlone());
  assert.ok(await outside.wasLeftAlone());
  assert.deepEqual(node.eventKinds(), ["starting", "running", "signal"]);
  assert.equal(node.recorded().phase.state, "running");
});

signalTest(
  "corral kill --signal does not reach a process that left the job when it was held",
  async (node) => {
    await using leaver = new Bystander();
    jobOf(node, new Map([[leaver.pid, JOB_PATH]]));
    const procs = Object.getPrototypeOf(node.proc.procs) as { isIn(path: string, pid: number): boolean };
    const { isIn } = procs;
    procs.isIn = function (path, pid) {
      node.proc.add(pid, { cgroup: "/elsewhere" });
      return isIn.call(this, path, pid);
    };
    try {
      assert.equal(await node.corral("kill", "-s", "KILL", JOB_ID), EXIT.DONE);
    } finally {
      procs.isIn = isIn;
    }
    assert.equal(node.out, `${JOB_ID} KILL sent to 0 processes\n`);
    assert.ok(await leaver.wasLeftAlone());
  },
);

signalTest("corral kill --signal with --now is a usage error, and nothing is sent", async (node) => {
  await using process = new Bystander();
  jobOf(node, new Map([[process.pid, JOB_PATH]]));
  assert.equal(await node.corral("kill", "-s", "HUP", "--now", JOB_ID), EXIT.USAGE);
  assert.ok(await process.wasLeftAlone());
});
