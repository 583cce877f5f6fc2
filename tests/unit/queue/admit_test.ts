/** Admission: who gets room, who waits for what, and what never happens whatever the queue is like. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pool } from "../../../src/job/pool.ts";
import { admit, neverFits, nodeReserveBytes, type NodeRoom } from "../../../src/queue/admit.ts";
import type { Holding, Waiting } from "../../../src/queue/order.ts";
import { waitWords } from "../../../src/queue/words.ts";

const GIB = 2 ** 30;
const NOW = { wallMs: 1_800_000_000_000, bootMs: 5_000_000 };
const ROOM: NodeRoom = {
  memoryTotalBytes: 64 * GIB,
  memoryAvailableBytes: 60 * GIB,
  memoryPressurePercent: 0,
};

function pool(changes: Partial<Pool> = {}): Pool {
  return { name: "p", jobs: null, memoryBytes: null, cpus: null, defaultMemoryBytes: null, ...changes };
}

let seq = 0;
function waiting(id: string, changes: Partial<Waiting> = {}): Waiting {
  const more = { memoryBytes: null, timeoutMs: null, passedBy: 0 };
  return {
    id,
    pool: "p",
    priority: 0,
    owner: "alice",
    seq: ++seq,
    queuedAtMs: NOW.wallMs,
    ...more,
    ...changes,
  };
}

function holding(id: string, changes: Partial<Holding> = {}): Holding {
  return {
    id,
    pool: "p",
    owner: "alice",
    memoryBytes: null,
    currentBytes: null,
    deadlineBootMs: null,
    ...changes,
  };
}

function pass(one: Pool, queue: { waiting: Waiting[]; holding?: Holding[] }, room = ROOM) {
  return admit(new Map([[one.name, one]]), { holding: [], ...queue }, room, NOW);
}

Deno.test("admit() fills the slots by age, and gives the others their place and what they wait for", () => {
  const { admitted, waiting: left } = pass(pool({ jobs: 3 }), {
    waiting: ["a", "b", "c", "d"].map((id) => waiting(id)),
    holding: [holding("x", { deadlineBootMs: NOW.bootMs + 60_000 })],
  });
  assert.deepEqual(admitted, ["a", "b"]);
  assert.deepEqual(left.map(({ id, position, waitsFor }) => [id, position, waitsFor.kind]), [
    ["c", 1, "slot"],
    ["d", 2, "slot"],
  ]);
  assert.equal(
    waitWords(left[0]!, { name: "p" }, NOW.bootMs),
    "position 1 in pool p; it waits for a slot (3 of 3 used), at the latest in 1m",
  );
});

Deno.test("admit() knows from deadlines when the first has room at the latest", () => {
  const one = pool({ jobs: 1 });
  const { waiting: [first] } = pass(one, {
    waiting: [waiting("a")],
    holding: [holding("x", { deadlineBootMs: NOW.bootMs + 60_000 })],
  });
  assert.equal(first?.startsByBootMs, NOW.bootMs + 60_000);
  assert.equal(
    waitWords(first!, one, NOW.bootMs),
    "position 1 in pool p; it waits for a slot (1 of 1 used), at the latest in 1m",
  );
});

Deno.test("admit() starts nothing in a pool that drains, and in one that is not in the configuration", () => {
  assert.deepEqual(pass(pool({ jobs: 0 }), { waiting: [waiting("a")] }).admitted, []);
  const { admitted, waiting: left } = pass(pool({ name: "other" }), { waiting: [waiting("a")] });
  assert.deepEqual([admitted, left[0]?.waitsFor.kind], [[], "no-pool"]);
});

Deno.test("admit() puts priority first, then the owner with the least reserved, then age", () => {
  const order = (jobs: Waiting[], held: Holding[] = []) => {
    const all: string[] = [];
    for (let slots = held.length + 1; slots <= held.length + jobs.length; slots++) {
      all.push(
        ...pass(pool({ jobs: slots }), { waiting: jobs, holding: held }).admitted.filter((id) =>
          !all.includes(id)
        ),
      );
    }
    return all;
  };
  assert.deepEqual(order([waiting("low"), waiting("high", { priority: 5 })]), ["high", "low"]);
  const held = [holding("x", { owner: "alice", memoryBytes: 8 * GIB })];
  assert.deepEqual(order([waiting("a"), waiting("b", { owner: "bob" })], held), ["b", "a"]);
});

Deno.test("admit() adds up memory limits, and lets a job pass that is over before the first fits", () => {
  const memory = { memoryBytes: 10 * GIB };
  const held = [
    holding("x", { memoryBytes: 8 * GIB, currentBytes: 8 * GIB, deadlineBootMs: NOW.bootMs + 60_000 }),
  ];
  const head = waiting("head", { memoryBytes: 4 * GIB });
  const short = waiting("short", { memoryBytes: GIB, timeoutMs: 30_000 });
  const long = waiting("long", { memoryBytes: GIB, timeoutMs: 90_000 });
  const endless = waiting("endless", { memoryBytes: GIB });
  const result = pass(pool(memory), { waiting: [head, endless, long, short], holding: held });
  assert.deepEqual([result.admitted, result.passed], [["short"], ["head"]]);
  assert.deepEqual(result.waiting.find(({ id }) => id === "head")?.waitsFor, {
    kind: "pool-memory",
    neededBytes: 4 * GIB,
    freeBytes: GIB,
  });
  assert.deepEqual(result.waiting.find(({ id }) => id === "long")?.waitsFor, {
    kind: "behind",
    behindId: "head",
  });
});

Deno.test("admit() keeps the pool free for the first after ten that passed, or ten minutes", () => {
  const held = [
    holding("x", { memoryBytes: 8 * GIB, currentBytes: 8 * GIB, deadlineBootMs: NOW.bootMs + 60_000 }),
  ];
  const shorts = Array.from(
    { length: 20 },
    (_, index) => waiting(`s${index}`, { memoryBytes: 1, timeoutMs: 1_000 }),
  );
  const passing = (head: Waiting) =>
    pass(pool({ memoryBytes: 10 * GIB }), { waiting: [head, ...shorts], holding: held }).admitted;
  assert.equal(passing(waiting("head", { seq: 0, memoryBytes: 4 * GIB })).length, 10);
  assert.equal(passing(waiting("head", { seq: 0, memoryBytes: 4 * GIB, passedBy: 9 })).length, 1);
  assert.equal(
    passing(waiting("head", { seq: 0, memoryBytes: 4 * GIB, queuedAtMs: NOW.wallMs - 600_000 })).length,
    0,
  );
});

Deno.test("admit() charges a young job for the memory it has not touched yet, also in another pool", () => {
  const room = { ...ROOM, memoryAvailableBytes: 20 * GIB };
  const young = holding("x", { pool: "other", memoryBytes: 12 * GIB, currentBytes: 2 * GIB });
  const job = waiting("a", { memoryBytes: 8 * GIB });
  const { admitted, waiting: [verdict] } = pass(pool(), { waiting: [job], holding: [young] }, room);
  // 20 available, 10 promised, 3.2 kept for the node.
  assert.deepEqual([admitted, verdict?.waitsFor], [[], {
    kind: "node-memory",
    neededBytes: 8 * GIB,
    freeBytes: 10 * GIB - nodeReserveBytes(64 * GIB),
  }]);
  const grown = { ...young, currentBytes: 12 * GIB };
  assert.deepEqual(pass(pool(), { waiting: [job], holding: [grown] }, room).admitted, ["a"]);
});

Deno.test("admit() starts nothing while the node stalls for memory", () => {
  const { admitted, waiting: [verdict] } = pass(pool(), { waiting: [waiting("a")] }, {
    ...ROOM,
    memoryPressurePercent: 20.5,
  });
  assert.deepEqual([admitted, verdict?.waitsFor.kind], [[], "pressure"]);
});

Deno.test("neverFits() compares with the pool and with the node less its reserve", () => {
  assert.equal(neverFits(null, pool({ memoryBytes: GIB }), ROOM), null);
  assert.deepEqual(neverFits(2 * GIB, pool({ memoryBytes: GIB }), ROOM), { of: "pool", limitBytes: GIB });
  assert.equal(neverFits(62 * GIB, pool(), ROOM)?.of, "node");
  assert.equal(neverFits(60 * GIB, pool(), ROOM), null);
});

const SIZE = fc.integer({ min: 1, max: 12 }).map((gib) => gib * GIB);
const JOB = fc.record({
  owner: fc.constantFrom("alice", "bob", "carol"),
  priority: fc.integer({ min: -2, max: 2 }),
  memoryBytes: SIZE,
  timeoutMs: fc.option(fc.integer({ min: 1_000, max: 100_000 })),
  passedBy: fc.integer({ min: 0, max: 12 }),
});

Deno.test("admit(), whatever waits and runs: never over slots or memory, none twice, and no job that fits waits at the front", () => {
  fc.assert(
    fc.property(
      fc.array(JOB, { maxLength: 25 }),
      fc.array(fc.record({ memoryBytes: SIZE, deadline: fc.option(fc.integer({ min: 0, max: 100_000 })) }), {
        maxLength: 4,
      }),
      fc.record({
        jobs: fc.option(fc.integer({ min: 0, max: 8 })),
        memoryBytes: fc.option(fc.constant(48 * GIB)),
      }),
      (jobs, running, limits) => {
        const one = pool(limits);
        const queue = {
          waiting: jobs.map((job, index) => waiting(`w${index}`, job)),
          holding: running.map(({ memoryBytes, deadline }, index) =>
            holding(`h${index}`, {
              memoryBytes,
              currentBytes: memoryBytes,
              deadlineBootMs: deadline === null ? null : NOW.bootMs + deadline,
            })
          ),
        };
        const { admitted, waiting: left } = pass(one, queue);
        const all = [...admitted, ...left.map(({ id }) => id)].sort();
        assert.deepEqual(all, queue.waiting.map(({ id }) => id).sort());
        const started = queue.waiting.filter(({ id }) => admitted.includes(id));
        const reserved = [...queue.holding, ...started].reduce((sum, job) => sum + (job.memoryBytes ?? 0), 0);
        if (started.length > 0) {
          assert.ok(one.jobs === null || queue.holding.length + started.length <= one.jobs);
          assert.ok(one.memoryBytes === null || reserved <= one.memoryBytes);
        }
        const first = left.find(({ position }) => position === 1);
        assert.ok(first === undefined || first.waitsFor.kind !== "behind");
        assert.deepEqual(left.map(({ position }) => position), left.map((_, index) => index + 1));
      },
    ),
  );
});
