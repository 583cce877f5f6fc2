import assert from "node:assert/strict";
import { chunks } from "../../../../src/view/report/chunks.ts";

Deno.test("chunks() is the same text in large pieces, each as soon as it is full", () => {
  let taken = 0;
  function* lines() {
    for (; taken < 2_000; taken++) yield `${"x".repeat(99)}\n`;
  }
  const pieces = chunks(lines());
  const first = pieces.next().value!;
  assert.ok(first.length >= 65_536 && first.length < 66_000 && taken < 700);
  const rest = [...pieces];
  assert.equal(first + rest.join(""), `${"x".repeat(99)}\n`.repeat(2_000));
  assert.deepEqual([...chunks([])], []);
  assert.deepEqual([...chunks(["a", "b"])], ["ab"]);
});
