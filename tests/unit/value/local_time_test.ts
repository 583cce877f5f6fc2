import assert from "node:assert/strict";
import {
  fromLocal,
  localDay,
  localHour,
  localTime,
  startOfDay,
  useZone,
  utcTime,
} from "../../../src/value/local_time.ts";

const MODULE = new URL("../../../src/value/local_time.ts", import.meta.url).href;
const SUMMER_TIME_ENDS_MS = Date.UTC(2026, 9, 25, 1);
const START_MS = Date.UTC(2026, 10, 1, 7);
const HOUR_MS = 3_600_000;

Deno.test("localTime(), localDay() and localHour() are the node's wall clock", () => {
  const ms = new Date(2026, 10, 1, 8, 0, 5, 999).getTime();
  assert.equal(localTime(ms), "2026-11-01 08:00:05");
  assert.equal(localDay(ms), "2026-11-01");
  assert.equal(localHour(ms), "2026-11-01 08");
});

/** What the calendar of the runtime says, for thousands of moments around a change of the clocks, in a process of that zone. */
const SCRIPT = `
import { localTime } from "${MODULE}";
const two = (number) => String(number).padStart(2, "0");
const wrong = [];
for (let ms = ${SUMMER_TIME_ENDS_MS - 30 * HOUR_MS}; ms < ${
  SUMMER_TIME_ENDS_MS + 30 * HOUR_MS
}; ms += 37_001) {
  const date = new Date(ms);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const expected = day + " " + [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  if (localTime(ms) !== expected) wrong.push([ms, localTime(ms), expected]);
}
console.log(JSON.stringify({ wrong, first: localTime(${SUMMER_TIME_ENDS_MS}), before: localTime(${
  SUMMER_TIME_ENDS_MS - 1000
}) }));
`;
const EXPECTED = {
  "Europe/Berlin": ["2026-10-25 02:59:59", "2026-10-25 02:00:00"],
  "Asia/Kathmandu": ["2026-10-25 06:44:59", "2026-10-25 06:45:00"],
  "America/St_Johns": ["2026-10-24 22:29:59", "2026-10-24 22:30:00"],
} as const;

for (const [zone, [before, first]] of Object.entries(EXPECTED)) {
  Deno.test(`localTime() is right around a change of the clocks, in ${zone}`, async () => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", SCRIPT],
      env: { TZ: zone },
    }).output();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), { wrong: [], first, before });
  });
}

/** Clocks that go from +1 h to +2 h at that moment, and back half a year later. */
const FORWARD_MS = Date.UTC(2026, 2, 29, 1);
const BACK_MS = Date.UTC(2026, 9, 25, 1);
const summer = (ms: number) => (ms >= FORWARD_MS && ms < BACK_MS ? 2 : 1) * HOUR_MS;

Deno.test("fromLocal() takes the first of two, and reads what is skipped as before", () => {
  useZone(summer);
  try {
    assert.equal(fromLocal(Date.UTC(2026, 9, 25, 2, 30)), BACK_MS - HOUR_MS / 2);
    assert.equal(localTime(fromLocal(Date.UTC(2026, 2, 29, 2, 30))), "2026-03-29 03:30:00");
    for (const hour of [0, 1, 3, 4, 23]) {
      for (const [month, day] of [[2, 29], [9, 25], [6, 1]] as const) {
        const asUtcMs = Date.UTC(2026, month, day, hour, 10);
        assert.equal(fromLocal(asUtcMs) + summer(fromLocal(asUtcMs)), asUtcMs);
      }
    }
    assert.equal(startOfDay(Date.UTC(2026, 6, 1, 23)), Date.UTC(2026, 6, 1, 22));
  } finally {
    useZone(null);
  }
});

Deno.test("utcTime() is the moment in UTC, with its offset, whatever the zone and the order", () => {
  for (const ms of [START_MS, START_MS + 999, 0, START_MS - 1, START_MS + 3_599_000, 86_399_999]) {
    assert.equal(utcTime(ms), `${new Date(ms).toISOString().slice(0, 19)}+00:00`);
  }
});
