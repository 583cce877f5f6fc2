import assert from "node:assert/strict";
import { counts } from "../../kit/tiers/run_tier.ts";

Deno.test("counts() reads deno test's last line", () => {
  const output =
    "ok | 1 passed | 0 failed (1ms)\nnoise\n\nok | 371 passed (12 steps) | 0 failed | 3 ignored (1s)\n\n";
  assert.deepEqual(counts(output, true), { passed: 371, failed: 0, skipped: 3 });
});

Deno.test("counts() reads a failed run", () => {
  const output = "FAILED | 0 passed | 2 failed (0ms)\n\nerror: Test failed\n";
  assert.deepEqual(counts(output, false), { passed: 0, failed: 2, skipped: 0 });
});

Deno.test("counts() calls a run without a last line one failure", () => {
  assert.deepEqual(counts("error: no such module\n", false), { passed: 0, failed: 1, skipped: 0 });
});

Deno.test("counts() never calls a failed process a success", () => {
  assert.deepEqual(counts("ok | 4 passed | 0 failed (1s)\n", false), { passed: 4, failed: 1, skipped: 0 });
});
