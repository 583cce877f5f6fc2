import assert from "node:assert/strict";
import {
  formatCount,
  formatCpuTime,
  formatLocalTime,
  formatOptionalBytes,
  formatOptionalDuration,
  formatPercent,
  percentOf,
} from "../../../src/value/units.ts";

Deno.test("formatPercent() shows a decimal only below ten", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0%"],
    [0.04, "0%"],
    [0.44, "0.4%"],
    [5, "5%"],
    [9.94, "9.9%"],
    [9.96, "10%"],
    [93.4, "93%"],
    [1600, "1600%"],
  ];
  for (const [percent, text] of shown) assert.equal(formatPercent(percent), text);
});

Deno.test("percentOf() knows no share of nothing", () => {
  assert.equal(percentOf(1, 4), 25);
  assert.equal(percentOf(0, 4), 0);
  for (const [part, whole] of [[null, 4], [1, null], [1, 0]] as const) {
    assert.equal(percentOf(part, whole), null);
  }
});

Deno.test("every format shows - for a value that the kernel did not give, and 0 for a zero", () => {
  assert.deepEqual(
    [formatPercent, formatOptionalBytes, formatOptionalDuration, formatCpuTime, formatCount].map((format) => [
      format(null),
      format(0),
    ]),
    [["-", "0%"], ["-", "0B"], ["-", "0s"], ["-", "0s"], ["-", "0"]],
  );
  assert.equal(formatLocalTime(null), "-");
});

Deno.test("formatCpuTime() reads microseconds, formatLocalTime() shows the node's wall clock", () => {
  assert.equal(formatCpuTime(5_400_000_000), "1h30m");
  assert.equal(formatLocalTime(new Date(2026, 10, 1, 8, 0, 5)), "2026-11-01 08:00:05");
});
