import assert from "node:assert/strict";
import { type ChartOptions, columnPeaks, columnRates, drawChart } from "../../../src/view/chart.ts";

const GLYPHS = { blocks: " ▁▂▃▄▅▆▇█", ascii: " .:#" };

/** The values that a chart shows, as shares of its top, by reading its glyphs. */
function readBack(lines: readonly string[], { columns, rows, blocks }: ChartOptions): number[] {
  const glyphs = blocks ? GLYPHS.blocks : GLYPHS.ascii;
  const side = lines[rows]!.indexOf(blocks ? "└" : "+");
  return Array.from({ length: columns }, (_, column) => {
    const cells = lines.slice(0, rows).map((line) => glyphs.indexOf(line[side + 1 + column] ?? " "));
    return cells.reduce((sum, step) => sum + step, 0) / (rows * (glyphs.length - 1));
  });
}

const OPTIONS: ChartOptions = { columns: 60, rows: 6, blocks: true, format: String };

Deno.test("drawChart() shows every value to a step of its glyphs, in blocks and in ASCII", () => {
  const values = Array.from({ length: 60 }, (_, index) => 500 + 500 * Math.sin(index / 7));
  const top = Math.max(...values);
  for (const blocks of [true, false]) {
    const options = { ...OPTIONS, blocks };
    const lines = drawChart(values, 90_000, options);
    const step = 1 / (options.rows * (blocks ? 8 : 3));
    for (const [column, share] of readBack(lines, options).entries()) {
      assert.ok(Math.abs(share - values[column]! / top) <= step, `column ${column}: ${share}`);
    }
    assert.ok(blocks || lines.every((line) => /^[\x20-\x7e]*$/.test(line)));
  }
});

Deno.test("drawChart() has no gap inside a column, nothing for 0, and something for anything more", () => {
  const options = { ...OPTIONS, columns: 4, rows: 3, blocks: false };
  assert.deepEqual(drawChart([0, 1, 1000, 500], 4_000, options), [
    "1000 |  #",
    "     |  #:",
    "     | .##",
    "   0 +----",
    "      0s4s",
  ]);
});

Deno.test("drawChart() tells the top, the zero and the time at its ends", () => {
  const lines = drawChart(Array(60).fill(7), 3_600_000, { ...OPTIONS, format: (value) => `${value} apples` });
  assert.equal(lines.length, 8);
  assert.match(lines[0]!, /^7 apples ┤█{60}$/);
  assert.match(lines[6]!, /^0 apples └─{60}$/);
  assert.match(lines[7]!, /^ {10}0s {56}1h$/);
  assert.ok(lines[7]!.length === lines[6]!.length);
});

Deno.test("drawChart() of nothing but zeros draws none of them", () => {
  assert.deepEqual(readBack(drawChart(Array(60).fill(0), 1000, OPTIONS), OPTIONS), Array(60).fill(0));
});

Deno.test("columnPeaks() keeps a spike between two samples of one column, and goes straight where there is none", () => {
  const at = (offsetMs: number, value: number) => ({ offsetMs, value });
  assert.deepEqual(columnPeaks([at(1, 5), at(2, 90), at(3, 5), at(10, 7)], 2), [90, 7]);
  assert.deepEqual(columnPeaks([at(0, 0), at(100, 100)], 4), [12.5, 37.5, 62.5, 100]);
});

Deno.test("columnRates() spreads what a counter grew by over the time it grew in", () => {
  const at = (offsetMs: number, value: number) => ({ offsetMs, value });
  // 10 a millisecond for the first half, nothing for the second.
  const counter = [at(0, 0), at(500, 5_000), at(1000, 5_000)];
  assert.deepEqual(columnRates(counter, 4), [10, 10, 0, 0]);
  // First seen after a while: it began at 0.
  assert.deepEqual(columnRates([at(500, 5_000), at(750, 5_000), at(1000, 5_000)], 2), [10, 0]);
  // What the launch took is not the job's first millisecond's.
  assert.deepEqual(columnRates([at(5, 9_000), at(500, 9_000), at(1000, 9_000)], 2), [0, 0]);
});
