import assert from "node:assert/strict";
import fc from "fast-check";
import {
  brief,
  bytes,
  Clock,
  coreLimit,
  cores,
  duration,
  limitText,
  ofLimit,
  quantity,
} from "../../../../src/serve/page/format.ts";
import { formatDuration } from "../../../../src/value/duration.ts";

const GIB = 1024 ** 3;

Deno.test("quantity() has one decimal from G on and below 100", () => {
  assert.deepEqual(quantity(118 * GIB), { number: "118", unit: "G" });
  assert.deepEqual(quantity(17.2 * GIB), { number: "17.2", unit: "G" });
  assert.deepEqual(quantity(410.4 * 1024 ** 2), { number: "410", unit: "M" });
  assert.deepEqual(quantity(0), { number: "0", unit: "B" });
  assert.deepEqual(quantity(1023.99 * GIB), { number: "1.0", unit: "T" });
});

Deno.test("bytes(), cores() and duration() write an unknown as -, never as 0", () => {
  assert.deepEqual([bytes(null), cores(null), duration(null), brief(null)], ["-", "-", "-", "-"]);
  assert.deepEqual([bytes(0), cores(0), duration(0)], ["0B", "0.0", "0s"]);
});

Deno.test("ofLimit() gives use and limit in the unit of the limit", () => {
  assert.deepEqual(ofLimit(17.2 * GIB, 24 * GIB), { used: "17.2", limit: "24G" });
  assert.deepEqual(ofLimit(400 * 1024 ** 2, 96 * GIB), { used: "0.4", limit: "96G" });
  assert.deepEqual(ofLimit(213 * 1024 ** 2, 512 * 1024 ** 2), { used: "213", limit: "512M" });
});

Deno.test("limitText() and coreLimit() write a limit as the user typed it", () => {
  assert.deepEqual([24, 1.5, 128].map((gib) => limitText(gib * GIB)), ["24G", "1.5G", "128G"]);
  assert.deepEqual([8, 0.5, 0.25, 100].map(coreLimit), ["8", "0.5", "0.25", "100"]);
});

Deno.test("duration() writes whole minutes as the command line does, and no seconds beside them", () => {
  assert.deepEqual([45_900, 3_125_000, 18_480_000, 187_200_000].map(duration), [
    "45s",
    "52m",
    "5h08m",
    "2d04h",
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 * 24 * 400 }), (minutes) => {
      assert.equal(duration(minutes * 60_000), formatDuration(minutes * 60_000));
    }),
  );
});

Deno.test("Clock writes times of the node's zone, with the date when it is another day's", () => {
  const clock = new Clock("Europe/Berlin");
  const now = Date.UTC(2026, 10, 27, 7, 12, 40);
  assert.equal(clock.short(now, now), "08:12");
  assert.equal(clock.exact(now), "08:12:40");
  assert.equal(clock.short(now - 86_400_000 / 2, now), "26 Nov 20:12");
  assert.equal(clock.startOfDayMs(now), Date.UTC(2026, 10, 26, 23));
  assert.equal(clock.offsetMs(now), 3_600_000);
});

Deno.test("Clock takes UTC for a zone that the browser does not know", () => {
  assert.equal(new Clock("Nowhere/Atall").exact(0), "00:00:00");
});
