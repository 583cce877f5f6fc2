import assert from "node:assert/strict";
import { FIGURES } from "../../../src/job/figures.ts";
import { NO_SPLIT, NO_USAGE, withSplit } from "../../../src/job/usage.ts";
import { MIGRATIONS } from "../../../src/store/schema.ts";
import { USAGE_COLUMNS } from "../../../src/store/rows.ts";
import { REPORT_COLUMNS } from "../../../src/view/report/columns.ts";

const END_OF_KEY = {
  ms: /Ms$/,
  usec: /Usec$/,
  bytes: /Bytes$/,
  count: /(Periods|Events|Kills|Operations|Peak)$/,
};

Deno.test("FIGURES: every key ends in its unit, and a metric's name in its own", () => {
  for (const { key, unit, metric } of FIGURES) {
    assert.match(key, END_OF_KEY[unit]);
    const isTime = unit === "ms" || unit === "usec";
    if (metric) assert.equal(/_seconds$/.test(metric.name), isTime, key);
    if (metric) assert.equal(/_bytes$/.test(metric.name), unit === "bytes", key);
  }
});

Deno.test("FIGURES: every figure has a column in the store's tables", () => {
  const sql = MIGRATIONS.join("\n");
  for (const [column] of USAGE_COLUMNS) assert.match(sql, new RegExp(`\\b${column} INTEGER\\b`));
});

Deno.test("FIGURES: every figure that has a column in the report is there, once", () => {
  const named = FIGURES.filter(({ column }) => column !== undefined);
  for (const { key, column, isExtra = false, metric } of named) {
    const found = REPORT_COLUMNS.filter(({ jsonKey }) => jsonKey === key);
    assert.equal(found.length, 1, key);
    assert.deepEqual([found[0]!.key, found[0]!.isExtra ?? false], [column, isExtra]);
    assert.equal(found[0]!.metric?.name, metric?.name);
  }
});

Deno.test("NO_USAGE knows no figure and no device, in the order of the table", () => {
  const keys = FIGURES.map(({ key }) => key);
  assert.deepEqual(Object.keys(NO_USAGE).filter((key) => key !== "ioDevices"), keys);
  assert.ok(Object.values(NO_USAGE).every((value) => value === null));
});

Deno.test("withSplit() puts each kind of memory into its figure, and leaves the others", () => {
  const known = { ...NO_USAGE, wallMs: 7, memorySlabPeakBytes: 9 };
  assert.deepEqual(withSplit(known, { ...NO_SPLIT, anonBytes: 1, fileBytes: 2, shmemBytes: 3 }), {
    ...known,
    memoryAnonPeakBytes: 1,
    memoryFilePeakBytes: 2,
    memoryShmemPeakBytes: 3,
    memorySlabPeakBytes: null,
  });
});
