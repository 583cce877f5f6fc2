import assert from "node:assert/strict";
import { parseSince } from "../../../src/value/since.ts";
import { formatLocalTime } from "../../../src/value/units.ts";
import { always, magnitudes } from "../../kit/fakes/properties.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";

// Built from local parts, so the expectations hold in whatever time zone the tests run.
const NOW = new Date(2026, 10, 15, 13, 14, 15, 160);
const since = (text: string) => parseSince(text, NOW);
const HOUR_MS = 3_600_000;

Deno.test("parseSince() reads a span before now", () => {
  assert.equal(since("24h").getTime(), NOW.getTime() - 24 * HOUR_MS);
  assert.equal(since("7d").getTime(), NOW.getTime() - 168 * HOUR_MS);
  assert.equal(since("1h30m").getTime(), NOW.getTime() - 1.5 * HOUR_MS);
  assert.equal(since("500ms").getTime(), NOW.getTime() - 500);
});

Deno.test("parseSince() reads dates and times of the node's own time zone", () => {
  assert.deepEqual(since("today"), new Date(2026, 10, 15));
  assert.deepEqual(since("2026-11-01"), new Date(2026, 10, 1));
  assert.deepEqual(since("2026-11-01T08:00"), new Date(2026, 10, 1, 8, 0));
  assert.deepEqual(since("2026-11-01T23:59"), new Date(2026, 10, 1, 23, 59));
  assert.deepEqual(since("2028-02-29"), new Date(2028, 1, 29));
  assert.deepEqual(since("2099-12-31"), new Date(2099, 11, 31));
});

Deno.test("parseSince() reads words, times of today, what corral prints, and offsets", () => {
  assert.deepEqual(since("now"), NOW);
  assert.deepEqual(since("yesterday"), new Date(2026, 10, 14));
  assert.deepEqual(parseSince("yesterday", new Date(2026, 0, 1, 3)), new Date(2025, 11, 31));
  for (const text of ["8:00", "08:00", "08:00:00"]) assert.deepEqual(since(text), new Date(2026, 10, 15, 8));
  assert.equal(since("1h ago").getTime(), NOW.getTime() - HOUR_MS);
  assert.deepEqual(since("2026-11-27 22:21:46"), new Date(2026, 10, 27, 22, 21, 46));
  assert.deepEqual(since("2026-11-27 22:21:46.123"), new Date(2026, 10, 27, 22, 21, 46, 123));
  assert.deepEqual(since("2026-11-27 22:21"), new Date(2026, 10, 27, 22, 21));
  assert.equal(since("2026-11-27T22:21:46Z").toISOString(), "2026-11-27T22:21:46.000Z");
  assert.equal(since("2026-11-27T22:21:46+01:00").toISOString(), "2026-11-27T21:21:46.000Z");
  assert.equal(since("2026-11-27T22:21-0530").toISOString(), "2026-11-28T03:51:00.000Z");
});

Deno.test("parseSince() reads back what formatLocalTime() and JSON print", () => {
  // Away from the hour that occurs twice when summer time ends: its text is that of two moments.
  always(magnitudes(1, 4e12), (ms) => {
    const second = new Date(Math.floor(ms / 1000) * 1000);
    const text = formatLocalTime(second);
    assert.equal(formatLocalTime(since(text)), text);
    assert.equal(since(new Date(ms).toISOString()).getTime(), ms);
  });
});

const REFUSED: readonly (readonly [string, number])[] = [
  ["", 0],
  ["Today", 0],
  ["today ", 0],
  ["Yesterday", 0],
  ["24:00", 0],
  ["8:", 2],
  ["8:0", 3],
  ["8:00pm", 4],
  ["ago", 0],
  ["1h  ago", 2],
  ["2026-11-01x08:00", 10],
  ["2026-11-01 08:00:60", 17],
  ["2026-11-01T08:00:00+1", 19],
  ["2026-11-01T08:00:00Zx", 20],
  ["2026-11-01T08:00:00+25:00", 20],
  ["24", 2],
  ["2026", 4],
  ["1-12", 1],
  ["24H", 2],
  ["2h3x", 3],
  ["0h", 0],
  ["-24h", 0],
  ["2026-", 5],
  ["2026-11", 7],
  ["2026-11-", 8],
  ["2026-11-1", 9],
  ["2026-1-01", 6],
  ["2026-13-01", 5],
  ["2026-00-01", 5],
  ["2026-11-31", 8],
  ["2026-02-29", 8],
  ["2026-11-00", 8],
  ["1969-12-31", 0],
  ["2026/11/01", 4],
  ["2026-11-01T", 11],
  ["2026-11-01T8:00", 12],
  ["2026-11-01T08", 13],
  ["2026-11-01T24:00", 11],
  ["2026-11-01T08:60", 14],
  ["2026-11-01T08:00:60", 17],
  ["2026-11-01T08:00z", 16],
  ["2026-11-0１", 9],
];

for (const [text, offset] of REFUSED) {
  Deno.test(`parseSince() refuses ${JSON.stringify(text)} at ${offset}`, () => {
    const error = assertRefused(since, text, offset);
    assert.equal(error.kind, "point in time");
    assert.ok(error.accepted.includes("today"));
  });
}

Deno.test("parseSince() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(since, [
    "24h",
    "today",
    "2026-11-01",
    "2026-11-01T08:00",
    "8:00",
    "1h ago",
    "2026-11-01T08:00:05+01:00",
  ]);
});

Deno.test("parseSince() reads a second, and the offset of what was written in another zone", () => {
  const at = (text: string) => parseSince(text, new Date(0)).getTime();
  assert.equal(at("2026-11-01T08:00:05"), new Date(2026, 10, 1, 8, 0, 5).getTime());
  for (const text of ["2026-11-01T08:00:05Z", "2026-11-01T10:00:05+02:00", "2026-11-01T04:30:05-0330"]) {
    assert.equal(at(text), Date.UTC(2026, 10, 1, 8, 0, 5), text);
  }
  assert.equal(at("2026-11-01T08:00+00:00"), Date.UTC(2026, 10, 1, 8));
});
