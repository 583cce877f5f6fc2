import assert from "node:assert/strict";
import type { CourseBin } from "../../../../src/serve/feed.ts";
import { extended, firstRange, rangeMs, Slots } from "../../../../src/serve/page/course.ts";
import { NOW_MS } from "../../../kit/page/sample_jobs.ts";
import { sampleCourse } from "../../../kit/page/sample_node.ts";

const HOUR_MS = 3_600_000;

function bin(timeMs: number, jobs: [string, number][]): CourseBin {
  return {
    timeMs,
    jobs: jobs.map(([jobId, memoryBytes]) => ({ jobId, memoryBytes, cpuCores: 1 })),
    outside: { memoryBytes: 5, cpuCores: 0.5 },
    pressure: { cpu: 1, memory: 2, io: 3 },
  };
}

Deno.test("extended() appends newer bins: a job's own, the others as one, what is outside", () => {
  const course = sampleCourse(NOW_MS - HOUR_MS, NOW_MS - 600_000);
  const lastMs = course.timesMs.at(-1)!;
  const longer = extended(course, [
    bin(lastMs, [["7k2m9q", 1]]),
    bin(lastMs + 1, [["7k2m9q", 7], ["new1", 2], ["new2", 3]]),
  ], 0);
  assert.equal(longer.timesMs.length, course.timesMs.length + 1);
  const last = (find: (series: (typeof longer.series)[number]) => boolean) =>
    longer.series.find(find)!.memoryBytes.at(-1);
  assert.equal(last(({ jobId }) => jobId === "7k2m9q"), 7);
  assert.equal(last(({ kind }) => kind === "other"), 5);
  assert.equal(last(({ kind }) => kind === "outside"), 5);
  assert.equal(last(({ jobId }) => jobId === "h3r6tw"), 0);
  assert.equal(longer.pressure.io.at(-1), 3);
});

Deno.test("extended() makes a place for the first job of an empty node, and drops what is too old", () => {
  const course = sampleCourse(NOW_MS - HOUR_MS, NOW_MS - 600_000, true);
  const fromMs = course.timesMs[4]!;
  const longer = extended(course, [bin(NOW_MS, [["new", 2]])], fromMs);
  assert.equal(longer.timesMs[0], fromMs);
  assert.equal(longer.series.find(({ kind }) => kind === "other")?.memoryBytes.at(-1), 2);
  for (const { memoryBytes } of longer.series) assert.equal(memoryBytes.length, longer.timesMs.length);
});

Deno.test("Slots keeps a job's colour while it is in view and gives it on afterwards", () => {
  const slots = new Slots();
  slots.assign(["a", "b", "c"]);
  assert.deepEqual(["a", "b", "c", "x", null].map((id) => slots.colourOf(id)), [
    "--s0",
    "--s1",
    "--s2",
    "--other",
    "--other",
  ]);
  slots.assign(["c", "d"]);
  assert.equal(slots.colourOf("c"), "--s2");
  assert.equal(slots.colourOf("d"), "--s0");
  assert.ok(!slots.has("a"));
});

Deno.test("rangeMs() of last night is 18:00 to 08:00, and has no end before that is over", () => {
  const midnight = Date.UTC(2026, 10, 26, 23);
  assert.deepEqual(rangeMs("night", NOW_MS, midnight), {
    fromMs: midnight - 6 * HOUR_MS,
    toMs: midnight + 8 * HOUR_MS,
  });
  assert.equal(rangeMs("night", midnight + HOUR_MS, midnight).toMs, null);
  assert.deepEqual(rangeMs("6h", NOW_MS, midnight), { fromMs: NOW_MS - 6 * HOUR_MS, toMs: null });
});

Deno.test("firstRange() is an hour as long as the course is no longer", () => {
  const HOUR_MS = 3_600_000;
  assert.equal(firstRange("24h", [], NOW_MS), "1h");
  assert.equal(firstRange("24h", [NOW_MS - HOUR_MS / 2, NOW_MS], NOW_MS), "1h");
  assert.equal(firstRange("24h", [NOW_MS - 2 * HOUR_MS, NOW_MS], NOW_MS), "24h");
});
