import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { QuickTime } from "../../../kit/fakes/quick_time.ts";

Deno.test("corral freeze and thaw pause a job and let it go on, each with an event", async () => {
  using node = new FakeNode();
  node.start();
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("freeze", JOB_ID), EXIT.DONE);
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "1");
  assert.equal(await node.corral("thaw", "7k"), EXIT.DONE);
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0");
  assert.equal(node.out, `${JOB_ID} frozen\n${JOB_ID} thawed\n`);
  assert.deepEqual(node.eventKinds().filter((kind) => /frozen|thawed/.test(kind)).sort(), [
    "frozen",
    "thawed",
  ]);
});

Deno.test("corral freeze of a job that cannot be frozen says so and leaves it running", async () => {
  using node = new FakeNode();
  using _time = new QuickTime(20);
  node.start();
  assert.equal(await node.corral("freeze", JOB_ID), EXIT.NEGATIVE);
  assert.match(
    node.said[0]!,
    /cannot be frozen: a process waits in the kernel; it runs on \(corral show 7k2m9q\)$/,
  );
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0");
});

Deno.test("corral thaw of a job that is not frozen is fine", async () => {
  using node = new FakeNode();
  node.start();
  assert.equal(await node.corral("thaw", JOB_ID), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} was not frozen\n`);
});

Deno.test("corral freeze touches neither an ended job nor another cgroup in its place", async () => {
  using node = new FakeNode();
  node.start();
  Deno.renameSync(node.cgroups.mount + JOB_PATH, `${node.cgroups.mount}/moved`);
  node.cgroups.add(JOB_PATH);
  assert.equal(await node.corral("freeze", JOB_ID), EXIT.NEGATIVE);
  assert.match(node.said.pop()!, /refusing to touch: it is not the cgroup that was made for this job$/);
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0\n");
  await node.stores.open().markEnded(JOB_ID, {
    reason: "exited",
    trigger: "exited",
    exit: { code: 0, signal: null },
    endedAtMs: 1,
    usage: null,
    survivors: [],
  }, []);
  assert.equal(await node.corral("freeze", JOB_ID), EXIT.NEGATIVE);
  assert.match(node.said.pop()!, /^corral: job 7k2m9q has ended \(corral show 7k2m9q\)$/);
});

Deno.test("corral freeze does not touch what bears a job's name since the node was booted", async () => {
  using node = new FakeNode();
  node.start({
    watch: { supervisor: { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: "an earlier boot" } },
  });
  assert.equal(await node.corral("freeze", JOB_ID), EXIT.NEGATIVE);
  assert.match(
    node.said.pop()!,
    /^corral: job 7k2m9q has no cgroup any more \(corral kill 7k2m9q records its end\)$/,
  );
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0\n");
});
