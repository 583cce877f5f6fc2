import assert from "node:assert/strict";
import { ValueError } from "../../../../src/base/errors.ts";
import { parseEveryMs } from "../../../../src/act/install/every.ts";

Deno.test("parseEveryMs() reads ten seconds to a week", () => {
  assert.deepEqual(["10s", "5m", "1h30m", "7d"].map(parseEveryMs), [10_000, 300_000, 5_400_000, 604_800_000]);
});

Deno.test("parseEveryMs() refuses what would be no use, and what has no whole seconds", () => {
  for (const text of ["9s", "500ms", "7d1s", "10s500ms", "5x", "0"]) {
    assert.throws(() => parseEveryMs(text), ValueError, text);
  }
});
