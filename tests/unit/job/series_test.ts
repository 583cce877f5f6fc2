import assert from "node:assert/strict";
import { LONGEST_PAUSE_MS, MAX_POINTS, pauseMs, Series } from "../../../src/job/series.ts";
import type { Sample } from "../../../src/job/usage.ts";

const HOUR_MS = 3_600_000;

function sampleAt(offsetMs: number, memoryBytes: number | null = 1): Sample {
  return { offsetMs, memoryBytes, anonBytes: null, fileBytes: null, cpuUsageUsec: offsetMs, tasks: null };
}

/** The ages at which a job that lives so long is sampled. */
function ages(lifeMs: number, stalled = false): number[] {
  const all: number[] = [];
  for (let ageMs = pauseMs(0, stalled); ageMs <= lifeMs; ageMs += pauseMs(ageMs, stalled)) all.push(ageMs);
  return all;
}

Deno.test("pauseMs() samples a job of 50 ms several times, and an old one once a minute", () => {
  assert.deepEqual(ages(50), [5, 10, 20, 40]);
  assert.equal(pauseMs(HOUR_MS, false), LONGEST_PAUSE_MS);
  assert.ok(ages(480_000).length < 75, `${ages(480_000).length} samples in eight minutes`);
});

Deno.test("pauseMs() leaves no gap of more than a seventh of the age, from the first second on", () => {
  const all = ages(HOUR_MS).filter((ageMs) => ageMs > 1_000);
  for (const [index, ageMs] of all.slice(1).entries()) assert.ok(ageMs - all[index]! < all[index]! / 7);
});

Deno.test("pauseMs() looks four times as often at a job that the kernel stalls for memory, and no oftener", () => {
  assert.equal(pauseMs(HOUR_MS, true), LONGEST_PAUSE_MS / 4);
  assert.equal(pauseMs(100, true), pauseMs(100, false));
});

Deno.test("Series keeps the samples of a short job as they are", () => {
  const series = new Series();
  for (const ageMs of ages(50)) series.add(sampleAt(ageMs));
  assert.deepEqual(series.points.map(({ offsetMs }) => offsetMs), [5, 10, 20, 40]);
});

Deno.test("Series never has more points than it may, from first to last, evenly", () => {
  const series = new Series();
  let most = 0;
  for (const ageMs of ages(7 * 24 * HOUR_MS)) {
    series.add(sampleAt(ageMs));
    most = Math.max(most, series.points.length);
  }
  assert.ok(most <= MAX_POINTS, `${most}`);
  const offsets = series.points.map(({ offsetMs }) => offsetMs);
  assert.deepEqual(offsets, offsets.toSorted((a, b) => a - b));
  const gaps = offsets.slice(1).map((offsetMs, index) => offsetMs - offsets[index]!);
  assert.ok(offsets.length >= MAX_POINTS / 2);
  assert.ok(Math.max(...gaps) <= 7 * 24 * HOUR_MS / 40, `${Math.max(...gaps)} ms without a point`);
});

Deno.test("Series keeps the peak, however old it is by the end", () => {
  const series = new Series();
  for (const ageMs of ages(24 * HOUR_MS)) {
    series.add(sampleAt(ageMs, ageMs === ages(24 * HOUR_MS)[60] ? 1000 : 1));
  }
  assert.deepEqual(series.points.filter(({ memoryBytes }) => memoryBytes === 1000).length, 1);
});

Deno.test("Series of a job whose memory nobody knows keeps the later ones", () => {
  const series = new Series([sampleAt(0, null), sampleAt(1, null), sampleAt(2, null)]);
  assert.deepEqual(series.points.map(({ offsetMs }) => offsetMs), [2]);
});

Deno.test("Series goes on with samples that another one kept", () => {
  const first = new Series(ages(HOUR_MS).map((ageMs) => sampleAt(ageMs)));
  const second = new Series(first.points);
  assert.deepEqual(second.points, first.points);
  second.add(sampleAt(2 * HOUR_MS));
  assert.ok(second.points.length <= MAX_POINTS);
});
