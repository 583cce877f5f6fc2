/** The store of a job of a pool while another process holds it, and where there is none to be had. */
import assert from "node:assert/strict";
import { withPoolStore } from "../../../../src/act/run/pool_store.ts";
import { CorralError, renderError, StoreError } from "../../../../src/base/errors.ts";
import { GateNode } from "../../../kit/fakes/gate_node.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const PATH = "/var/lib/corral/corral.db";
const POOL = { name: "one", jobs: 1, memoryBytes: null, cpus: null, defaultMemoryBytes: null };
const PLACE = { pool: POOL, priority: 0, isUnique: false, requeue: 0, pools: new Map([["one", POOL]]) };

/** A node on whose store every call fails, as long as it is held. */
class HeldNode extends FakeNode {
  heldUntilMs = Infinity;

  constructor() {
    super();
    this.openStore = (actor) => {
      if (this.bootMs < this.heldUntilMs) throw failure("database is locked", "try again");
      return this.stores.open(actor);
    };
  }

  wait(isStopped = () => false): Promise<string | null> {
    const { context } = this;
    return withPoolStore({ context, say: context.say, isStopped }, () => "done");
  }
}

function failure(cause: string, remedy: string | null = null): StoreError {
  return new StoreError("cannot queue the job", { path: PATH, cause: new Error(cause), remedy });
}

async function lineOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => assert.fail("it did not fail"), (reason) => reason);
  assert.ok(error instanceof CorralError, String(error));
  return renderError(error);
}

const heldTest = testsOf(() => new HeldNode());
const HELD = `another process holds ${PATH}: the pool is waited for`;

heldTest("withPoolStore() waits for a store that is held, says so once, and goes on", async (node) => {
  node.heldUntilMs = node.bootMs + 5_000;
  assert.equal(await node.wait(), "done");
  assert.deepEqual(node.said, [HELD]);
});

heldTest("withPoolStore() shows on a terminal that it waits, and says nothing", async (node) => {
  node.interactive = true;
  node.heldUntilMs = node.bootMs + 500;
  assert.equal(await node.wait(), "done");
  assert.deepEqual([node.said, node.progressed[0]], [[], HELD]);
});

heldTest(
  "withPoolStore() gives up after as long as any other command waits, with the remedy",
  async (node) => {
    const startMs = node.bootMs;
    assert.equal(
      await lineOf(node.wait()),
      `corral: ${PATH}: cannot queue the job: database is locked (a pool cannot be kept without its store: ` +
        "try again when that process is done, or leave out --pool)",
    );
    assert.equal(Math.round((node.bootMs - startMs) / 1000), 10);
  },
);

heldTest("withPoolStore() leaves off when the job is wanted no more", async (node) => {
  const startMs = node.bootMs;
  assert.equal(await node.wait(() => node.bootMs > startMs + 1_000), null);
  assert.ok(node.bootMs < startMs + 2_000);
});

const runTest = testsOf(() => new GateNode());

runTest("runJob() in a pool without a store runs nothing, and says why in one line", async (node) => {
  node.openStore = () => {
    throw failure("file is not a database", "move the file away");
  };
  assert.equal(
    await lineOf(node.launch(["true"], { pool: PLACE })),
    `corral: ${PATH}: cannot queue the job: file is not a database (a pool cannot be kept without its store: ` +
      "move the file away, or leave out --pool)",
  );
  assert.deepEqual([node.said, node.pid], [[], null]);
});
