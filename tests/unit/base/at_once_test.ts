import assert from "node:assert/strict";
import { atOnce } from "../../../src/base/at_once.ts";

Deno.test("atOnce() does each once, so many at a time and one that hangs beside the others", async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  const slow = Promise.withResolvers<void>();
  const all = atOnce([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
    most = Math.max(most, ++running);
    await (item === 1 ? slow.promise : Promise.resolve());
    done.push(item);
    running--;
    if (done.length === 6) slow.resolve();
    return item * 10;
  });
  assert.deepEqual(await all, [0, 10, 20, 30, 40, 50, 60]);
  assert.deepEqual([done, most], [[0, 2, 3, 4, 5, 6, 1], 3]);
});

Deno.test("atOnce() of nothing is done", async () => {
  await atOnce([], 3, () => assert.fail("there was something"));
});
