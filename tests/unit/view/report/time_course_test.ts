import assert from "node:assert/strict";
import { timeCourse, type TimedJob } from "../../../../src/view/report/time_course.ts";

const HOUR_MS = 3_600_000;
const job = (startedMs: number, changes: Partial<TimedJob> = {}): TimedJob => ({
  startedMs,
  outcome: "well",
  cpuUsageUsec: 1,
  memoryPeakBytes: 1,
  ...changes,
});
const at = (month: number, day: number, hour = 0) => new Date(2026, month - 1, day, hour).getTime();
const keys = (jobs: readonly TimedJob[]) => timeCourse(jobs).map(({ key }) => key);

Deno.test("timeCourse() has every stretch from the first start to the last", () => {
  assert.deepEqual(timeCourse([]), []);
  assert.deepEqual(keys([job(at(11, 1, 8))]), ["2026-11-01 08"]);
  assert.deepEqual(keys([job(at(11, 1, 10)), job(at(11, 1, 8))]), [
    "2026-11-01 08",
    "2026-11-01 09",
    "2026-11-01 10",
  ]);
  const days = keys([job(at(10, 30)), job(at(11, 3, 23))]);
  assert.deepEqual(days, ["2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03"]);
  const months = keys([job(at(1, 1)), job(at(1, 1) + 500 * 24 * HOUR_MS)]);
  assert.deepEqual([months[0], months[12], months.length], ["2026-01", "2027-01", 17]);
});

Deno.test("timeCourse() keeps outcomes apart, sums CPU time and takes the largest memory peak", () => {
  const [first, second] = timeCourse([
    job(at(11, 1), { cpuUsageUsec: 5, memoryPeakBytes: 7 }),
    job(at(11, 1, 5), { outcome: "failed", cpuUsageUsec: 6, memoryPeakBytes: 3 }),
    job(at(11, 1, 23), { outcome: "live", cpuUsageUsec: null, memoryPeakBytes: null }),
    job(at(11, 5), { cpuUsageUsec: null, memoryPeakBytes: null }),
  ]).filter(({ well, failed, live }) => well + failed + live > 0);
  assert.deepEqual(first, {
    key: "2026-11-01",
    well: 1,
    failed: 1,
    live: 1,
    cpuUsageUsec: 11,
    cpuUnknown: 1,
    memoryPeakBytes: 7,
  });
  assert.deepEqual([second!.key, second!.cpuUsageUsec, second!.memoryPeakBytes], ["2026-11-05", null, null]);
});
