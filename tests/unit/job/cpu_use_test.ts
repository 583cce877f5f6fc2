import assert from "node:assert/strict";
import { cpuPercent } from "../../../src/job/cpu_use.ts";

const at = (bootMs: number, cpuUsageUsec: number) => ({ bootMs, cpuUsageUsec });

Deno.test("cpuPercent() is of one core, to a tenth", () => {
  assert.equal(cpuPercent(at(1000, 500), at(2000, 1_000_500)), 100);
  assert.equal(cpuPercent(at(0, 0), at(500, 4_000_000)), 800);
  assert.equal(cpuPercent(at(0, 0), at(3000, 1_000_000)), 33.3);
  assert.equal(cpuPercent(at(0, 7), at(200, 7)), 0);
});

Deno.test("cpuPercent() is unknown without two readings, without time between them, and of a counter that fell", () => {
  assert.equal(cpuPercent(null, at(1, 1)), null);
  assert.equal(cpuPercent(at(1, 1), null), null);
  assert.equal(cpuPercent(at(5, 0), at(5, 9)), null);
  assert.equal(cpuPercent(at(6, 0), at(5, 9)), null);
  assert.equal(cpuPercent(at(0, 9), at(5, 8)), null);
});
