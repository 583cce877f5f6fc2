import assert from "node:assert/strict";
import {
  formatDuration,
  formatDurationExact,
  parseDurationChange,
  parseDurationMs,
} from "../../../src/value/duration.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";
import { always, magnitudes } from "../../kit/fakes/properties.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const READ: readonly (readonly [string, number])[] = [
  ["90", 90 * SECOND],
  ["90s", 90 * SECOND],
  [".5", 500],
  [".5h", 30 * MINUTE],
  ["2h30m", 2 * HOUR + 30 * MINUTE],
  ["1d", DAY],
  ["500ms", 500],
  ["02:30", 2 * MINUTE + 30 * SECOND],
  ["90:00", 90 * MINUTE],
  ["02:30:00", 2 * HOUR + 30 * MINUTE],
  ["100:00:01", 100 * HOUR + SECOND],
  ["1-02:30:00", DAY + 2 * HOUR + 30 * MINUTE],
  ["7-00", 7 * DAY],
  ["1-12", DAY + 12 * HOUR],
  ["0-1", HOUR],
  ["1:5", MINUTE + 5 * SECOND],
  ["1.5h", HOUR + 30 * MINUTE],
  ["0.1s", 100],
  ["1.1", 1100],
  ["0.001", 1],
  ["0.3333h", 1_199_880],
  ["1.0009s", 1000],
  ["1d2h3m4s5ms", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5],
  ["1d5ms", DAY + 5],
  ["1d03h", DAY + 3 * HOUR],
  ["007", 7 * SECOND],
  ["1m", MINUTE],
  ["36525d", 36525 * DAY],
];

const REFUSED: readonly (readonly [string, number])[] = [
  ["", 0],
  [" ", 0],
  ["abc", 0],
  ["h", 0],
  ["-1", 0],
  ["+1", 0],
  [".s", 0],
  ["5.", 1],
  ["5.s", 1],
  ["1.5.5h", 3],
  ["2h3x", 3],
  ["2h30", 4],
  ["2H", 1],
  ["90S", 2],
  ["5min", 2],
  ["5sec", 2],
  ["1w", 1],
  ["1us", 1],
  ["2h 30m", 2],
  ["90 ", 2],
  [" 90", 0],
  ["30m2h", 4],
  ["2h2h", 3],
  ["1ms1s", 4],
  ["1e3", 1],
  ["0x10", 1],
  ["1,5h", 1],
  ["infinity", 0],
  ["２h", 0],
  ["2h\n", 2],
  ["2h😀", 2],
  ["2:", 2],
  [":30", 0],
  ["1:2:", 4],
  ["1::2", 2],
  ["1:2:3:4", 5],
  ["1:60", 2],
  ["1:60:00", 2],
  ["1:00:60", 5],
  ["1:005", 2],
  ["1:2x", 3],
  ["1:30s", 4],
  ["1-", 2],
  ["-1-02", 0],
  ["1-24", 2],
  ["1-02:30", 7],
  ["1-02:60:00", 5],
  ["1-02:00:60", 8],
  ["1-2-3", 3],
  ["1.5-2", 3],
  ["2026-11-01", 7],
  ["0", 0],
  ["0s", 0],
  ["00:00", 0],
  ["0-00", 0],
  ["0.0009s", 0],
  ["36525d1ms", 0],
  ["36526d", 0],
  ["99999999999999999999", 0],
];

for (const [text, expectedMs] of READ) {
  Deno.test(`parseDurationMs() reads ${text}`, () => assert.equal(parseDurationMs(text), expectedMs));
}

for (const [text, offset] of REFUSED) {
  Deno.test(`parseDurationMs() refuses ${JSON.stringify(text)} at ${offset}`, () => {
    const error = assertRefused(parseDurationMs, text, offset);
    assert.equal(error.kind, "duration");
  });
}

Deno.test("parseDurationMs() says why where the caret alone does not", () => {
  const reasons: readonly (readonly [string, RegExp])[] = [
    ["0", /at least 1 ms/],
    ["200000d", /100 years/],
    ["30m2h", /large to small/],
    ["2h30", /no unit/],
    ["2H", /d, h, m, s and ms/],
    ["1-30", /hours after days run to 23/],
    ["1:75", /run to 59/],
    ["1-02:30", /HH or HH:MM:SS/],
  ];
  for (const [text, reason] of reasons) assert.throws(() => parseDurationMs(text), reason, text);
});

Deno.test("parseDurationMs() takes zero only where zero makes sense", () => {
  for (const text of ["0", "0s", "0ms", "00:00", "0-00"]) {
    assert.equal(parseDurationMs(text, { zeroAllowed: true }), 0, text);
  }
});

Deno.test("parseDurationMs() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseDurationMs, READ.map(([text]) => text));
  assertOnlyRefuses(parseDurationChange, ["+1h", "-30m", "2h"]);
});

Deno.test("parseDurationChange() tells a change from a new value", () => {
  assert.deepEqual(parseDurationChange("+1h"), { kind: "relative", deltaMs: HOUR });
  assert.deepEqual(parseDurationChange("-30m"), { kind: "relative", deltaMs: -30 * MINUTE });
  assert.deepEqual(parseDurationChange("+1-02:00:00"), { kind: "relative", deltaMs: DAY + 2 * HOUR });
  assert.deepEqual(parseDurationChange("2h"), { kind: "absolute", durationMs: 2 * HOUR });
});

Deno.test("parseDurationChange() points into the whole text", () => {
  for (
    const [text, offset] of [["+", 1], ["+0", 1], ["+-1h", 1], ["-2h3x", 4], ["--1", 1], ["+1:", 3]] as const
  ) {
    assertRefused(parseDurationChange, text, offset);
  }
});

Deno.test("formatDuration() keeps two units and rounds down", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0s"],
    [0.4, "0s"],
    [-0.4, "0s"],
    [1, "1ms"],
    [850, "850ms"],
    [999.9, "999ms"],
    [1000, "1s"],
    [2540, "2.5s"],
    [9999, "9.9s"],
    [10_900, "10s"],
    [45_000, "45s"],
    [59_999, "59s"],
    [MINUTE, "1m"],
    [2 * MINUTE + 5 * SECOND, "2m05s"],
    [HOUR - 1, "59m59s"],
    [HOUR, "1h"],
    [2 * HOUR + 30 * MINUTE + 59 * SECOND, "2h30m"],
    [DAY - 1, "23h59m"],
    [DAY + 3 * HOUR, "1d03h"],
    [1000 * DAY + 59 * MINUTE, "1000d"],
    [-5 * MINUTE, "-5m"],
    [-(DAY + HOUR), "-1d01h"],
  ];
  for (const [durationMs, text] of shown) assert.equal(formatDuration(durationMs), text);
});

Deno.test("formatDuration() is read back as the same span, short of less than its last unit", () => {
  always(magnitudes(1, 36525 * DAY), (durationMs) => {
    const readMs = parseDurationMs(formatDuration(durationMs));
    const lastUnitMs = durationMs < SECOND
      ? 1
      : durationMs < 10 * SECOND
      ? 100
      : durationMs < HOUR
      ? SECOND
      : durationMs < DAY
      ? MINUTE
      : HOUR;
    assert.ok(readMs <= durationMs && durationMs - readMs < lastUnitMs, `${durationMs} -> ${readMs}`);
  });
});

Deno.test("formatDurationExact() is read back to the millisecond", () => {
  assert.equal(formatDurationExact(0), "0s");
  assert.equal(formatDurationExact(HOUR + 500), "1h500ms");
  always(magnitudes(1, 36525 * DAY), (durationMs) => {
    assert.equal(parseDurationMs(formatDurationExact(durationMs)), durationMs);
  });
});

Deno.test("parseDurationMs() names the word for no limit only where there is one", () => {
  for (const text of ["never", "Unlimited", "forever", "max"]) {
    assert.throws(() => parseDurationMs(text, { noLimit: "infinity" }), /did you mean infinity\?/);
    assert.throws(() => parseDurationMs(text), (error: Error) => !error.message.includes("infinity"));
  }
});
