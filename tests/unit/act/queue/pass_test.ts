/** Admission passes over a store: who is woken, who has left, whose room goes back, and what `corral queue` shows of it. */
import assert from "node:assert/strict";
import { admitWaiting } from "../../../../src/act/queue/pass.ts";
import { EXIT } from "../../../../src/base/errors.ts";
import type { Identity } from "../../../../src/job/job.ts";
import type { Pool } from "../../../../src/job/pool.ts";
import { BOOT_ID, specOf } from "../../../kit/fakes/job.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const POOL: Pool = { name: "one", jobs: 1, memoryBytes: null, cpus: null, defaultMemoryBytes: null };
const WAITER_PID = 5_101;
const START_TICKS = 905_000;
const START_CAP_MS = 30_000;

class QueueNode extends FakeNode {
  override pools = new Map([["one", POOL], ["drained", { ...POOL, name: "drained", jobs: 0 }]]);

  /** A job whose `corral run` waits, as long as that process is there. */
  wait(
    id: string,
    { pid = WAITER_PID, state = "S", pool = "one", bootId = BOOT_ID, cgroup = "/session" } = {},
  ): void {
    const waiter: Identity = { pid, startTicks: START_TICKS, bootId };
    this.addProcess(pid, { startTicks: START_TICKS, command: ["corral", "run"], state, cgroup });
    this.enqueue(id, waiter, pool);
  }

  enqueue(id: string, waiter: Identity | null, pool = "one"): void {
    const spec = { ...specOf({ id, name: id }), pool: { name: pool, priority: 0, requeue: 1 } };
    const ticket = waiter === null ? { args: ["run", "true"], cwd: "/", env: {}, umask: 0o22 } : null;
    this.stores.open().enqueue(spec, { atBootMs: this.bootMs, bootId: BOOT_ID, waiter, ticket });
  }

  async pass(own: string | null = null): Promise<readonly string[]> {
    return (await admitWaiting(this.context, this.stores.open(), { pools: this.pools, own })).admitted;
  }

  state(id: string): string {
    const { phase } = this.recorded(id);
    return phase.state === "ended" ? phase.reason : phase.state;
  }
}

const queueTest = testsOf(() => new QueueNode());

queueTest(
  "admitWaiting() gives the one slot to the first, and to no other until that has ended",
  async (node) => {
    node.wait("aaaaaa");
    node.wait("bbbbbb", { pid: WAITER_PID + 1 });
    assert.deepEqual(await node.pass("aaaaaa"), ["aaaaaa"]);
    assert.deepEqual(await node.pass("bbbbbb"), []);
    assert.deepEqual(node.eventKinds("aaaaaa"), ["queued", "admitted"]);
  },
);

queueTest(
  "admitWaiting() records the end of a job whose waiting process is gone, and passes over a stopped one",
  async (node) => {
    node.wait("aaaaaa");
    node.proc.remove(WAITER_PID);
    node.wait("bbbbbb", { pid: WAITER_PID + 1, state: "T" });
    node.wait("cccccc", { pid: WAITER_PID + 2 });
    assert.deepEqual(await node.pass("cccccc"), ["cccccc"]);
    assert.deepEqual([node.state("aaaaaa"), node.state("bbbbbb")], ["orphaned", "queued"]);
  },
);

queueTest(
  "admitWaiting() passes over a waiter in a frozen cgroup until it is thawed, and over none in a cgroup out of sight",
  async (node) => {
    const { path } = node.cgroups.add("/paused", { "cgroup.events": "populated 1\nfrozen 1\n" });
    node.wait("aaaaaa", { cgroup: path });
    assert.deepEqual(await node.pass(), []);
    node.cgroups.put(path, "cgroup.events", "populated 1\nfrozen 0\n");
    assert.deepEqual(await node.pass(), ["aaaaaa"]);
    node.pools.set("other", { ...POOL, name: "other" });
    node.wait("cccccc", { pid: WAITER_PID + 2, pool: "other", cgroup: "/../out/of/sight" });
    assert.deepEqual(await node.pass(), ["cccccc"]);
  },
);

queueTest(
  "admitWaiting() takes room back that was not used in time, and gives the job up at the third time",
  async (node) => {
    node.wait("aaaaaa");
    for (const time of [1, 2, 3]) {
      assert.deepEqual(await node.pass("aaaaaa"), ["aaaaaa"], `time ${time}`);
      node.bootMs += START_CAP_MS;
      assert.deepEqual(await node.pass(), [], "still in time");
      node.bootMs += 1;
      await node.pass();
    }
    assert.equal(node.state("aaaaaa"), "failed-to-start");
  },
);

queueTest(
  "a reservation of another boot holds no room, and its job is queued again as often as it may be",
  async (node) => {
    const store = node.stores.open();
    node.enqueue("aaaaaa", null);
    store.admit(() => ({
      admitted: ["aaaaaa"],
      passed: [],
      givenBack: [],
      at: { wallMs: node.wallMs, bootMs: node.bootMs, bootId: BOOT_ID },
    }));
    const supervisor: Identity = { pid: WAITER_PID, startTicks: 1, bootId: "an earlier boot" };
    assert.ok(
      store.markStarting("aaaaaa", { supervisor, backend: "cgroupfs" }, {
        wallMs: node.wallMs,
        bootMs: node.bootMs,
      }),
    );
    node.wait("bbbbbb", { pid: WAITER_PID + 1 });
    assert.deepEqual(await node.pass("bbbbbb"), ["bbbbbb"]);
    store.requeueLost(BOOT_ID, node.wallMs);
  },
);

queueTest("JobStore.requeueLost() queues again what ran before a reboot, once for --requeue 1", (node) => {
  const store = node.stores.open();
  const lose = () => {
    store.admit(() => ({
      admitted: ["aaaaaa"],
      passed: [],
      givenBack: [],
      at: { wallMs: node.wallMs, bootMs: node.bootMs, bootId: "an earlier boot" },
    }));
    const supervisor: Identity = { pid: WAITER_PID, startTicks: 1, bootId: "an earlier boot" };
    assert.ok(
      store.markStarting("aaaaaa", { supervisor, backend: "cgroupfs" }, {
        wallMs: node.wallMs,
        bootMs: node.bootMs,
      }),
    );
    store.requeueLost(BOOT_ID, node.wallMs);
    return node.state("aaaaaa");
  };
  node.enqueue("aaaaaa", null);
  assert.equal(lose(), "queued");
  assert.equal(node.recorded("aaaaaa").watch, null);
  assert.equal(lose(), "starting");
  return Promise.resolve();
});

queueTest("JobStore.enqueue() with --unique names the live job that has the name", (node) => {
  node.wait("aaaaaa");
  const spec = {
    ...specOf({ id: "bbbbbb", name: "aaaaaa" }),
    pool: { name: "one", priority: 0, requeue: 0 },
  };
  const queued = { atBootMs: 1, bootId: BOOT_ID, waiter: null, ticket: null };
  assert.equal(node.stores.open().enqueue(spec, queued, true), "aaaaaa");
  assert.equal(node.stores.open().get("bbbbbb"), null);
  assert.equal(node.stores.open().enqueue(spec, queued), null);
  return Promise.resolve();
});

queueTest(
  "corral queue, show and pool name a waiter that is stopped and one that is frozen, after those that go on",
  async (node) => {
    const { path } = node.cgroups.add("/paused", { "cgroup.events": "populated 1\nfrozen 1\n" });
    node.wait("aaaaaa", { pool: "drained", state: "T" });
    node.wait("bbbbbb", { pid: WAITER_PID + 1, pool: "drained", cgroup: path });
    node.wait("cccccc", { pid: WAITER_PID + 2, pool: "drained" });
    assert.equal(await node.corral("queue", "--json"), EXIT.DONE);
    const rows = JSON.parse(node.out) as { id: string; position: number; text: string; waitsFor: unknown }[];
    assert.deepEqual(rows.map(({ id, position, text }) => [id, position, text]), [
      ["cccccc", 1, "the pool to be opened again (it drains: 0 left)"],
      ["aaaaaa", 2, "its process 5101 to continue, which is stopped (kill -CONT 5101)"],
      ["bbbbbb", 3, "the cgroup of its process 5102 to be thawed, which is frozen"],
    ]);
    assert.deepEqual(rows[1]?.waitsFor, { kind: "stopped", pid: WAITER_PID });
    node.out = "";
    assert.equal(await node.corral("show", "aaaaaa"), EXIT.DONE);
    assert.match(node.out, /^state +queued: position 2 in pool drained; it waits for its process 5101 to/m);
    node.out = "";
    assert.equal(await node.corral("pool", "drained", "--json"), EXIT.DONE);
    assert.equal((JSON.parse(node.out) as { queued: number }[])[0]?.queued, 3);
    // A slot that is free is no one's that cannot use it.
    node.wait("dddddd", { pid: WAITER_PID + 3, state: "T" });
    node.out = "";
    assert.equal(await node.corral("queue", "--pool", "one", "-q"), EXIT.DONE);
    assert.equal(node.out, "dddddd\n");
    assert.deepEqual(await node.pass(), []);
  },
);

queueTest("corral queue, pool, kill and set --priority of what waits", async (node) => {
  node.wait("aaaaaa", { pool: "drained" });
  node.wait("bbbbbb", { pid: WAITER_PID + 1, pool: "drained" });
  assert.equal(await node.corral("set", "bbbbbb", "--priority", "7"), EXIT.DONE);
  node.out = "";
  assert.equal(await node.corral("queue", "--json"), EXIT.DONE);
  const rows = JSON.parse(node.out) as { id: string; position: number; priority: number; text: string }[];
  assert.deepEqual(rows.map(({ id, position, priority }) => [id, position, priority]), [["bbbbbb", 1, 7], [
    "aaaaaa",
    2,
    0,
  ]]);
  assert.equal(rows[0]?.text, "the pool to be opened again (it drains: 0 left)");
  node.out = "";
  assert.equal(await node.corral("show", "bbbbbb"), EXIT.DONE);
  assert.match(
    node.out,
    /^state +queued: position 1 in pool drained; it waits for the pool to be opened again/m,
  );
  for (const verb of [["freeze", "bbbbbb"], ["set", "bbbbbb", "--memory", "1G"]]) {
    assert.equal(await node.corral(...verb), EXIT.NEGATIVE);
    assert.equal(node.said.at(-1), "corral: job bbbbbb waits in the queue (corral queue)");
  }
  node.out = "";
  assert.equal(await node.corral("kill", "bbbbbb"), EXIT.DONE);
  assert.equal(node.out, "bbbbbb ended: killed\n");
  assert.equal(await node.corral("set", "bbbbbb", "--priority", "1"), EXIT.NEGATIVE);
  node.out = "";
  assert.equal(await node.corral("pool", "--json"), EXIT.DONE);
  const pools = JSON.parse(node.out) as { name: string; queued: number; running: number }[];
  assert.deepEqual(pools.map(({ name, queued, running }) => [name, queued, running]), [["one", 0, 0], [
    "drained",
    1,
    0,
  ]]);
  assert.equal(await node.corral("pool", "set", "none", "--jobs", "1"), EXIT.USAGE);
  assert.match(node.said.at(-1)!, /there is no pool "none" \(did you mean one\?\)/);
});
