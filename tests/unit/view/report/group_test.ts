import assert from "node:assert/strict";
import {
  groupsOf,
  type Member,
  MIN_JOBS_FOR_ADVICE,
  nearestRank,
} from "../../../../src/view/report/group.ts";

const MIB = 2 ** 20;

function member(changes: Partial<Member> = {}): Member {
  return {
    key: "fastsurfer",
    outcome: "well",
    trigger: "exited",
    wallMs: 60_000,
    cpuUsageUsec: 120_000_000,
    memoryPeakBytes: 100 * MIB,
    throttledShare: 0,
    ...changes,
  };
}

const many = (count: number, change: (index: number) => Partial<Member>) =>
  Array.from({ length: count }, (_, index) => member(change(index)));
const only = (members: readonly Member[]) => {
  const [group, ...others] = groupsOf(members);
  assert.deepEqual(others, []);
  return group!;
};

Deno.test("nearestRank() is a value that is there, the smallest that so many do not exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual([50, 95, 100].map((percent) => nearestRank(hundred, percent)), [50, 95, 100]);
  assert.deepEqual([nearestRank([7], 50), nearestRank([7], 95)], [7, 7]);
  assert.deepEqual([nearestRank([1, 2], 50), nearestRank([1, 2], 95), nearestRank([1, 2, 3], 50)], [1, 2, 2]);
  assert.equal(nearestRank([], 95), null);
});

Deno.test("nearestRank() is null when the rank falls among those that are beyond all that is known", () => {
  const ninetySix = Array.from({ length: 96 }, (_, index) => index + 1);
  assert.equal(nearestRank(ninetySix, 95, 4), 95);
  assert.equal(nearestRank(ninetySix.slice(0, 94), 95, 6), null);
});

Deno.test("groupsOf() makes one group a key, in their order", () => {
  const groups = groupsOf([member({ key: "b" }), member({ key: "a" }), member({ key: "b" })]);
  assert.deepEqual(groups.map(({ key, count }) => [key, count]), [["a", 1], ["b", 2]]);
});

Deno.test("groupsOf() counts live and failed jobs; what live ones used so far is in the sums and not in the spreads", () => {
  const group = only([
    member({ wallMs: 1_000 }),
    member({ outcome: "failed", trigger: "timeout", wallMs: 3_000 }),
    member({ outcome: "live", trigger: null, wallMs: 9_000, cpuUsageUsec: 9, memoryPeakBytes: null }),
  ]);
  assert.deepEqual([group.count, group.live, group.failed], [3, 1, 1]);
  assert.deepEqual(group.wallMs, { p50: 1_000, p95: 3_000, max: 3_000 });
  assert.deepEqual(group.cpuUsageUsec, { p50: 120_000_000, p95: 120_000_000, max: 120_000_000 });
  assert.equal(group.cpuTotalUsec, 240_000_009);
  assert.equal(group.cpuKnown, 3);
  assert.equal(group.wallTotalMs, 13_000);
  assert.equal(group.memoryByteHours, Math.ceil(100 * MIB * 4_000 / 3_600_000));
});

Deno.test("groupsOf() counts a command that never started apart: it is neither a job nor one that failed", () => {
  const group = only([
    member(),
    member({ outcome: "never-started", trigger: "failed-to-start", wallMs: null }),
  ]);
  assert.deepEqual([group.count, group.failed, group.neverStarted, group.cpuKnown], [1, 0, 1, 1]);
});

Deno.test("groupsOf() keeps figures apart, sorts them as numbers and leaves out what is not known", () => {
  const group = only([
    member({ wallMs: 9, cpuUsageUsec: 5, memoryPeakBytes: 100 }),
    member({ wallMs: 10, cpuUsageUsec: null, memoryPeakBytes: 30 }),
    member({ wallMs: 100, cpuUsageUsec: 6, memoryPeakBytes: null }),
  ]);
  assert.deepEqual(group.wallMs, { p50: 10, p95: 100, max: 100 });
  assert.deepEqual(group.cpuUsageUsec, { p50: 5, p95: 6, max: 6 });
  assert.deepEqual(group.memoryPeakBytes, { p50: 30, p95: 100, max: 100 });
  assert.deepEqual([group.cpuTotalUsec, group.cpuKnown], [11, 2]);
});

Deno.test("groupsOf() says null, not 0, where nothing is known", () => {
  const group = only([member({ wallMs: null, cpuUsageUsec: null, memoryPeakBytes: null })]);
  const nothing = { p50: null, p95: null, max: null };
  assert.deepEqual([group.wallMs, group.cpuUsageUsec, group.memoryPeakBytes], [nothing, nothing, nothing]);
  assert.equal(group.cpuTotalUsec, null);
});

Deno.test("groupsOf() advises p95 and a fifth more, each from its own figure", () => {
  const group = only(many(20, (index) => ({
    memoryPeakBytes: (index + 1) * MIB,
    wallMs: (index + 1) * 1_000,
    // 1.5 cores.
    cpuUsageUsec: (index + 1) * 1_500_000,
  })));
  assert.deepEqual(group.advice, {
    memoryMaxBytes: Math.ceil(19 * MIB * 1.2),
    timeoutMs: 22_800,
    cpuMaxCores: 1.8,
  });
});

Deno.test("groupsOf() advises nothing from too few jobs that ended well", () => {
  const failed = many(50, () => ({ outcome: "failed", trigger: "exited" }));
  const nothing = { memoryMaxBytes: null, timeoutMs: null, cpuMaxCores: null };
  assert.deepEqual(only([...failed, ...many(MIN_JOBS_FOR_ADVICE - 1, () => ({}))]).advice, nothing);
  const enough = only([...failed, ...many(MIN_JOBS_FOR_ADVICE, () => ({}))]).advice;
  assert.deepEqual(enough, { memoryMaxBytes: 120 * MIB, timeoutMs: 72_000, cpuMaxCores: 2.4 });
  const unknown = only(many(MIN_JOBS_FOR_ADVICE, () => ({ memoryPeakBytes: null }))).advice;
  assert.deepEqual(unknown, { ...enough, memoryMaxBytes: null });
});

Deno.test("groupsOf() takes a job that a limit ended as one that needed more than all others", () => {
  const well = many(38, (index) => ({ memoryPeakBytes: (index + 1) * MIB, wallMs: (index + 1) * 1_000 }));
  const ended = (trigger: string, count: number) => many(count, () => ({ outcome: "failed", trigger }));
  const advice = (trigger: string, count: number) => only([...well, ...ended(trigger, count)]).advice;
  // Of 40, the 38th is the p95; of 41, the 39th, and nobody knows what that needed.
  assert.equal(advice("oom", 2).memoryMaxBytes, Math.ceil(38 * MIB * 1.2));
  assert.equal(advice("oom", 3).memoryMaxBytes, null);
  assert.equal(advice("oom", 3).timeoutMs, 45_600 - 1_200);
  assert.equal(advice("timeout", 3).timeoutMs, null);
  assert.equal(advice("timeout", 3).memoryMaxBytes, Math.ceil(37 * MIB * 1.2));
  assert.equal(advice("killed", 3).memoryMaxBytes, Math.ceil(37 * MIB * 1.2));
});

Deno.test("groupsOf() does not advise a CPU quota from jobs that their quota held back", () => {
  const held = (share: number) => only(many(20, () => ({ throttledShare: share }))).advice.cpuMaxCores;
  assert.deepEqual([held(0.05), held(0.06)], [2.4, null]);
});
