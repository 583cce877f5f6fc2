import assert from "node:assert/strict";
import type { Context } from "../../../src/cli/context.ts";
import { SweepLoop } from "../../../src/cli/serve_loop.ts";
import { StoreError } from "../../../src/base/errors.ts";
import { JobStore } from "../../../src/store/jobs.ts";
import { lockSweep } from "../../../src/store/sweep_lock.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";
import { FakeKernel } from "../../kit/fakes/kernel.ts";
import { FakeNode, SUPERVISOR_PID } from "../../kit/fakes/node.ts";
import { testsOf } from "../../kit/fakes/tests_of.ts";

const loopTest = testsOf(() => new FakeNode());

/** The node's context, with stores that the loop may close. */
function contextOf(node: FakeNode, opened: JobStore[] = []): Context {
  const openStore = (actor: string) => {
    const store = JobStore.open(node.stores.path, "corral.db", actor);
    opened.push(store);
    return store;
  };
  return { ...node.context, openStore };
}

function orphan(node: FakeNode): void {
  node.start({ spec: { graceMs: 5, ref: "task-81" } });
  node.proc.remove(SUPERVISOR_PID);
}

loopTest("SweepLoop ends what a sweep would end, notes it, and closes its stores", async (node) => {
  orphan(node);
  await using _kernel = new FakeKernel(node.cgroups);
  const opened: JobStore[] = [];
  const loop = new SweepLoop(contextOf(node, opened), () => false);
  await loop.sweep();
  assert.equal(node.out, `${JOB_ID} ended: orphaned (fastsurfer, ref task-81)\n`);
  assert.deepEqual([loop.last?.ended, loop.last?.collected, loop.last?.atMs], [1, 0, node.wallMs]);
  assert.ok(opened.length > 0);
  for (const store of opened) assert.throws(() => store.isAnyQueued());
});

loopTest("SweepLoop leaves the work to another sweep that runs, and says nothing", async (node) => {
  orphan(node);
  using _lock = lockSweep(node.stores.path, "corral.db");
  const loop = new SweepLoop(contextOf(node), () => false);
  await loop.sweep();
  assert.deepEqual([loop.last, node.said, node.out], [null, [], ""]);
});

loopTest("SweepLoop goes on after sweeps that fail, and says so once", async (node) => {
  node.start();
  const whole = contextOf(node);
  let isBroken = true;
  const openStore: Context["openStore"] = (actor) => {
    if (isBroken) throw new StoreError("cannot open", { path: "/store" });
    return whole.openStore(actor);
  };
  const loop = new SweepLoop({ ...whole, openStore }, () => false);
  await loop.sweep();
  await loop.sweep();
  assert.equal(node.said.filter((line) => /the sweep failed/.test(line)).length, 1);
  isBroken = false;
  await loop.sweep();
  assert.equal(loop.last?.ended, 0);
});

loopTest(
  "SweepLoop asks the owner in the first sweep and then every five minutes: strikes keep their meaning",
  async (node) => {
    node.start({ spec: { ref: "task-81" } });
    let asked = 0;
    node.shell = () => {
      asked++;
      return { code: 0, stdout: "task-81 RUNNING\n", stderr: "" };
    };
    const context = contextOf(node);
    const settings = { ...context.settings, statusCommand: "status" };
    const loop = new SweepLoop({ ...context, settings }, () => false);
    for (let sweep = 0; sweep < 31; sweep++) await loop.sweep();
    assert.equal(asked, 2);
  },
);

loopTest("SweepLoop stops when it is told to, and not before", async (node) => {
  let pauses = 0;
  const loop = new SweepLoop(contextOf(node), () => pauses === 3);
  await loop.run(() => {
    pauses++;
    return Promise.resolve();
  });
  assert.equal(pauses, 3);
});
