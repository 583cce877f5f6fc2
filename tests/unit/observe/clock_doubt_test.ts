import assert from "node:assert/strict";
import { type ClockFacts, doubt } from "../../../src/observe/clock_doubt.ts";

const DAY_MS = 86_400_000;
const WALL_MS = 1_793_520_000_000;
const BOOT_MS = 9_000_000;

/** Why a clock is not believed that is as these facts say, and otherwise as it should be. */
const why = (facts: Partial<ClockFacts>) =>
  doubt({
    wallMs: WALL_MS,
    bootMs: BOOT_MS,
    isSynchronised: false,
    newestMs: WALL_MS - DAY_MS,
    offsetsMs: [WALL_MS - BOOT_MS],
    ...facts,
  });

Deno.test("doubt() believes a clock that nothing sets while its records are near", () => {
  assert.equal(why({}), null);
  assert.equal(why({ newestMs: null, offsetsMs: [] }), null);
  assert.equal(why({ newestMs: WALL_MS + 400 * DAY_MS }), null, "behind, it calls nothing old");
});

Deno.test("doubt() does not believe a clock that is days ahead of the newest record", () => {
  assert.equal(why({ newestMs: WALL_MS - 91 * DAY_MS }), "the clock is 91d ahead of the newest record");
});

Deno.test("doubt() does not believe a clock that was set since the boot, also with new records by it", () => {
  const before = WALL_MS - BOOT_MS - 91 * DAY_MS;
  assert.equal(
    why({ newestMs: WALL_MS, offsetsMs: [WALL_MS - BOOT_MS, before] }),
    "the clock was set by 91d since the boot",
  );
  assert.equal(why({ offsetsMs: [WALL_MS - BOOT_MS - DAY_MS / 2] }), null, "a summer hour, a leap second");
});

Deno.test("doubt() believes what the kernel calls synchronised", () => {
  assert.equal(why({ isSynchronised: true, newestMs: 0, offsetsMs: [0] }), null);
});
