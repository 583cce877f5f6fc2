import assert from "node:assert/strict";
import { counted, cpuTotal, noTotals, totalsLine } from "../../../../src/view/report/summary.ts";

Deno.test("counted() passes rows on as they are and counts what comes after their columns", () => {
  const totals = noTotals();
  const rows = [["a", 1, 0, 2_000_000, 0], ["b", 0, 1, null, 0], ["c", 0, 0, 3_000_000, 0], [
    "d",
    1,
    0,
    null,
    1,
  ]];
  assert.deepEqual([...counted(rows, 1, totals)], rows);
  assert.deepEqual(totals, {
    jobs: 3,
    live: 1,
    failed: 1,
    neverStarted: 1,
    cpuUsageUsec: 5_000_000,
    cpuUnknown: 1,
  });
});

Deno.test("totalsLine() says how many, and of how many the CPU time is not known", () => {
  const totals = { jobs: 1, live: 0, failed: 0, neverStarted: 0, cpuUsageUsec: 90_000_000, cpuUnknown: 0 };
  assert.equal(totalsLine(totals), "total: 1 job, 0 failed, CPU time 1m30s");
  assert.equal(
    totalsLine({ ...totals, jobs: 5, live: 2, failed: 1, cpuUnknown: 2 }),
    "total: 5 jobs (2 live), 1 failed, CPU time 1m30s (not known of 2)",
  );
  assert.equal(
    totalsLine({ ...totals, neverStarted: 2 }),
    "total: 1 job, 0 failed, CPU time 1m30s; never started: 2",
  );
  assert.equal(cpuTotal({ ...totals, cpuUnknown: 1 }), "-");
});
