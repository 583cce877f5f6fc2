import assert from "node:assert/strict";
import { BY_MEMORY, isOf, keptInOrder, matches, nextSort, sorted } from "../../../../src/serve/page/order.ts";
import { blankRow, GIB, liveRows, manyRows, NOW_MS } from "../../../kit/page/sample_jobs.ts";

const row = (id: string, memoryBytes: number | null) => ({ ...blankRow(), id, memoryBytes });
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id).join(" ");

Deno.test("sorted() puts the largest first, an unknown last in either direction, and equal ones by id", () => {
  const rows = [row("c", 1), row("d", null), row("a", 2), row("b", 1)];
  assert.equal(ids(sorted(rows, BY_MEMORY)), "a b c d");
  assert.equal(ids(sorted(rows, { key: "memory", descending: false })), "b c a d");
});

Deno.test("sorted() leaves its rows as they were, and sorts 1,000 in a blink", () => {
  const rows = manyRows(1000);
  const before = ids(rows);
  const started = performance.now();
  sorted(rows, { key: "name", descending: false });
  assert.ok(performance.now() - started < 50);
  assert.equal(ids(rows), before);
});

Deno.test("nextSort() turns the same column round; figures begin with the largest, words with a", () => {
  assert.deepEqual(nextSort(BY_MEMORY, "memory"), { key: "memory", descending: false });
  assert.deepEqual(nextSort(BY_MEMORY, "cpu"), { key: "cpu", descending: true });
  assert.deepEqual(nextSort(BY_MEMORY, "name"), { key: "name", descending: false });
  assert.deepEqual(nextSort(BY_MEMORY, "left"), { key: "left", descending: false });
});

Deno.test("keptInOrder() keeps the rows where they were and puts new ones last", () => {
  assert.equal(ids(keptInOrder([row("n", 9), row("a", 1), row("b", 2)], ["b", "gone", "a"])), "b a n");
});

Deno.test("matches() reads id, name, ref, user and pool, in any case", () => {
  const job = { ...blankRow(), id: "abc234", name: "Train", ref: "slurm-1", user: "bob", pool: "gpu" };
  for (const text of ["bc2", "train", "SLURM", "bob", "gpu", " ", ""]) assert.ok(matches(job, text), text);
  assert.ok(!matches(job, "alice"));
  assert.ok(!matches({ ...job, ref: null, pool: null }, "gpu"));
});

Deno.test("isOf() finds what needs attention: idle, unkillable, near its memory limit or its deadline", () => {
  const found = liveRows().filter((job) => isOf(job, "attention", NOW_MS)).map(({ id }) => id);
  assert.deepEqual(found, ["7k2m9q", "h3r6tw", "wv98pv", "bq7n4d"]);
  const near = { ...blankRow(), memoryBytes: 0.9 * GIB, memoryMaxBytes: GIB };
  assert.ok(isOf(near, "attention", NOW_MS));
  assert.ok(!isOf({ ...near, memoryBytes: 0.89 * GIB }, "attention", NOW_MS));
  assert.ok(!isOf({ ...near, memoryMaxBytes: null }, "attention", NOW_MS));
});
