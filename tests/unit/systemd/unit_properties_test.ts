import assert from "node:assert/strict";
import { type Limits, NO_LIMITS } from "../../../src/job/limits.ts";
import { limitProperties, scopeProperties, sliceProperties } from "../../../src/systemd/unit_properties.ts";

const LIMITS: Limits = {
  memoryMaxBytes: 24 * 2 ** 30,
  memoryHighBytes: 20 * 2 ** 30,
  swapMaxBytes: 0,
  cpuMaxCores: 1.5,
  cpuWeight: 50,
  pidsMax: 300,
};
const UNITS = {
  id: "7k2m9q",
  pid: 4711,
  guardPid: null,
  outer: [],
  description: "corral job 7k2m9q",
  limits: LIMITS,
  graceMs: 2_000,
  backstopMs: 67_000,
};
const NONE = 2 ** 64;
const number = (value: number) => ({ signature: "t", value });

Deno.test("limitProperties() has systemd's names and units, and leaves out what was not asked for", () => {
  assert.deepEqual(limitProperties(LIMITS, { lift: false }), [
    ["MemoryMax", number(25_769_803_776)],
    ["MemoryHigh", number(21_474_836_480)],
    ["MemorySwapMax", number(0)],
    ["CPUQuotaPerSecUSec", number(1_500_000)],
    ["CPUWeight", number(50)],
    ["TasksMax", number(300)],
  ]);
  assert.deepEqual(limitProperties(NO_LIMITS, { lift: false }), []);
});

Deno.test("limitProperties() lifts with systemd's infinity", () => {
  const values = limitProperties({ ...NO_LIMITS, pidsMax: 5 }, { lift: true }).map(([, { value }]) => value);
  assert.deepEqual(values, [NONE, NONE, NONE, NONE, NONE, 5]);
});

Deno.test("sliceProperties() accounts for everything even without limits", () => {
  const properties = sliceProperties({ ...UNITS, limits: NO_LIMITS });
  assert.deepEqual(properties.map(([name]) => name), [
    "Description",
    "CPUAccounting",
    "MemoryAccounting",
    "TasksAccounting",
    "IOAccounting",
  ]);
  for (const [, variant] of properties.slice(1)) assert.deepEqual(variant, { signature: "b", value: true });
});

Deno.test("scopeProperties() lifts every limit of the scope itself, which systemd's defaults would set", () => {
  const properties = new Map(scopeProperties(UNITS));
  for (const [name] of limitProperties(LIMITS, { lift: true })) {
    assert.deepEqual(properties.get(name), number(NONE));
  }
});

Deno.test("scopeProperties() has a backstop exactly when there is a timeout", () => {
  const names = (backstopMs: number | null) =>
    scopeProperties({ ...UNITS, backstopMs }).map(([name]) => name);
  assert.ok(!names(null).includes("RuntimeMaxUSec"));
  assert.deepEqual(names(67_000).slice(-2), ["TimeoutStopUSec", "RuntimeMaxUSec"]);
  const properties = new Map(scopeProperties({ ...UNITS, graceMs: 0 }));
  assert.deepEqual(properties.get("RuntimeMaxUSec"), number(67_000_000));
  // 0 would be systemd's "infinity".
  assert.deepEqual(properties.get("TimeoutStopUSec"), number(1));
  // systemd keeps a failed unit loaded otherwise.
  assert.deepEqual(properties.get("CollectMode"), { signature: "s", value: "inactive-or-failed" });
  assert.deepEqual(properties.get("PIDs"), { signature: "au", value: [4711] });
  assert.deepEqual(properties.get("Slice"), { signature: "s", value: "corral-7k2m9q.slice" });
  assert.deepEqual(properties.get("CollectMode"), { signature: "s", value: "inactive-or-failed" });
});
