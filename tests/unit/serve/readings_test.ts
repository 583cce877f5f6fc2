import assert from "node:assert/strict";
import type { Job } from "../../../src/job/job.ts";
import { busyTicks } from "../../../src/serve/node_figures.ts";
import { heldOf, rate, Readings } from "../../../src/serve/readings.ts";
import { Sparks } from "../../../src/serve/sparks.ts";
import { jobIn, runOf } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";

const LETTERS = "abcdefghjk";
const idOf = (n: number) =>
  `${LETTERS[Math.floor(n / 100)]}${LETTERS[Math.floor(n / 10) % 10]}${LETTERS[n % 10]}aaa`;

/** Jobs with cgroups, and no store. */
function jobsOn(node: FakeNode, count: number): Map<string, Job> {
  return new Map(Array.from({ length: count }, (_, n) => {
    const id = idOf(n);
    const cgroup = node.cgroups.add(`/corral/${id}`, { "memory.current": "1\n", "memory.peak": "1\n" });
    return [id, jobIn({ state: "running", run: runOf({ cgroup }) }, { id })];
  }));
}

const countOf = (values: Iterable<number | null | undefined>) =>
  [...values].filter((value) => value === 2).length;

Deno.test("of many jobs memory is read at each look, and what costs more in turns", () => {
  using node = new FakeNode();
  const jobs = jobsOn(node, 102);
  const readings = new Readings(node.context);
  assert.equal(countOf([...readings.read(jobs).values()].map(({ memoryPeakBytes }) => memoryPeakBytes)), 0);
  for (const id of jobs.keys()) {
    node.cgroups.put(`/corral/${id}`, "memory.current", "2\n");
    node.cgroups.put(`/corral/${id}`, "memory.peak", "2\n");
  }
  const seen = [1, 2].map(() => {
    node.passTime(1_000);
    const found = [...readings.read(jobs).values()];
    return [countOf(found.map((one) => one.memoryBytes)), countOf(found.map((one) => one.memoryPeakBytes))];
  });
  assert.deepEqual(seen, [[102, 51], [102, 102]]);
});

Deno.test("a job whose cgroup is gone, or another's, has no reading and hides no other", () => {
  using node = new FakeNode();
  const jobs = jobsOn(node, 3);
  node.cgroups.vanish(`/corral/${idOf(0)}`);
  node.cgroups.vanish(`/corral/${idOf(1)}`);
  node.cgroups.add("/corral/between");
  node.cgroups.add(`/corral/${idOf(1)}`, { "memory.current": "7\n" });
  node.cgroups.put(`/corral/${idOf(2)}`, "memory.current", "nonsense");
  const found = new Readings(node.context).read(jobs);
  assert.deepEqual([...found.keys()].filter((id) => id === idOf(0) || id === idOf(2)), []);
});

Deno.test("rate() knows nothing of what went backwards or took no time", () => {
  const cases: [Parameters<typeof rate>, number | null][] = [
    [[10, 5, 1_000], 5],
    [[10, 5, 500], 10],
    [[5, 5, 1_000], 0],
    [[5, 10, 1_000], null],
    [[10, 5, 0], null],
    [[10, 5, -1], null],
    [[null, 5, 1_000], null],
    [[10, null, 1_000], null],
  ];
  for (const [given, expected] of cases) assert.equal(rate(...given), expected, JSON.stringify(given));
});

Deno.test("busyTicks() counts neither idle time nor waiting for disks, and no guest twice", () => {
  assert.equal(busyTicks("cpu  1 2 4 1000 2000 8 16 32 1 2\ncpu0 1\n"), 63);
  assert.equal(busyTicks(""), null);
});

Deno.test("heldOf() leaves out the pages of files, and not those of tmpfs", () => {
  const reading = (fileBytes: number, shmemBytes: number) => ({
    ...{ memoryPeakBytes: null, readBytesPerSec: null, writtenBytesPerSec: null, processes: 1 },
    ...{ isFrozen: false, isSupervised: true, memoryBytes: 100, cpuUsageUsec: null, cpuCores: null },
    split: { anonBytes: 0, fileBytes, shmemBytes, slabBytes: 0 },
  });
  assert.deepEqual([heldOf(reading(60, 0)), heldOf(reading(60, 50)), heldOf(reading(500, 0)), heldOf(null)], [
    ...[40, 90, 0, null],
  ]);
});

Deno.test("a spark has twelve values at most, and the pace is that of the last half hour", () => {
  const sparks = new Sparks();
  const minute = 60_000;
  for (let n = 0; n <= 120; n++) sparks.add("a", n * minute, n < 60 ? 1000 : 1000 + (n - 60) * 60);
  assert.equal(sparks.values("a").length, 12);
  assert.equal(sparks.values("a").at(-1), 4600);
  assert.equal(sparks.pace("a", 120 * minute, 4600), 1);
  sparks.add("b", 0, 5);
  assert.equal(sparks.pace("b", minute, 500), null);
  assert.equal(sparks.pace("b", 2 * minute, 125), 1);
  // A job that has filled its memory at its start, and holds it.
  sparks.add("c", 0, 0);
  for (let n = 1; n <= 10; n++) sparks.add("c", n * minute, 1000);
  assert.equal(sparks.pace("c", 10 * minute, 1000), 0);
  sparks.keep(new Set(["a"]));
  assert.deepEqual([sparks.isKnown("a"), sparks.values("b")], [true, []]);
});
