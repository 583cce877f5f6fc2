import assert from "node:assert/strict";
import { tinted, tintOfExit, tintOfLeft, tintOfPercent, tintOfReason } from "../../../src/view/tint.ts";

Deno.test("what went wrong is red, what soon may is yellow, and all else is plain", () => {
  const of = (tint: (cell: string) => string | null, cells: string) => cells.split(" ").map(tint);
  assert.deepEqual(of(tintOfReason, "oom timeout exited killed running"), ["red", "red", null, null, null]);
  assert.deepEqual(of(tintOfExit, "0 1 137 -"), [null, "red", "red", null]);
  assert.deepEqual(of(tintOfPercent, "90% 91% 100% - 0.5%"), [null, "yellow", "yellow", null, null]);
  assert.deepEqual(of(tintOfLeft, "overdue 850ms 45s 4m59s 5m 5m01s 1h02m -"), [
    ...["yellow", "yellow", "yellow", "yellow"],
    ...[null, null, null, null],
  ]);
  assert.equal(tinted("oom", "red"), "\x1b[31moom\x1b[39m");
  assert.equal(tinted("oom", null), "oom");
});
