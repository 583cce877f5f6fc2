import assert from "node:assert/strict";
import { constants } from "node:os";
import { parseSignal, signalName } from "../../../src/value/signal.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";

const READ: readonly (readonly [string, string, number])[] = [
  ["TERM", "TERM", 15],
  ["SIGTERM", "TERM", 15],
  ["sigterm", "TERM", 15],
  ["term", "TERM", 15],
  ["15", "TERM", 15],
  ["015", "TERM", 15],
  ["KILL", "KILL", 9],
  ["9", "KILL", 9],
  ["HUP", "HUP", 1],
  ["USR1", "USR1", 10],
  ["SYS", "SYS", 31],
  ["CLD", "CHLD", 17],
  ["SIGIOT", "ABRT", 6],
  ["POLL", "IO", 29],
  ["RTMIN", "RTMIN", 34],
  ["SIGRTMIN+1", "RTMIN+1", 35],
  ["rtmin+30", "RTMAX", 64],
  ["RTMAX", "RTMAX", 64],
  ["RTMAX-1", "RTMIN+29", 63],
  ["RTMAX-30", "RTMIN", 34],
  ["40", "RTMIN+6", 40],
];

const REFUSED: readonly (readonly [string, number])[] = [
  ["", 0],
  ["0", 0],
  ["32", 0],
  ["33", 0],
  ["65", 0],
  ["-9", 0],
  ["999999", 0],
  ["TERMS", 0],
  ["SIG", 0],
  ["SIGSIGTERM", 0],
  ["RTMIN+31", 0],
  ["RTMIN-1", 0],
  ["RTMAX+1", 0],
  ["RTMAX-31", 0],
  ["RTMIN+", 0],
  ["EXIT", 0],
  ["TERM ", 4],
  ["TERM\n", 4],
  ["15.0", 2],
  ["\u017figterm", 0],
  ["TERM,KILL", 4],
];

for (const [text, name, number] of READ) {
  Deno.test(`parseSignal() reads ${text}`, () => assert.deepEqual(parseSignal(text), { name, number }));
}

for (const [text, offset] of REFUSED) {
  Deno.test(`parseSignal() refuses ${JSON.stringify(text)} at ${offset}`, () => {
    assert.equal(assertRefused(parseSignal, text, offset).kind, "signal");
  });
}

Deno.test("parseSignal() agrees with this machine's own signal table", () => {
  const known = Object.entries(constants.signals).filter(([name]) => name !== "SIGUNUSED");
  assert.ok(known.length >= 30, `only ${known.length} signals to compare`);
  for (const [name, number] of known) assert.equal(parseSignal(name).number, number, name);
});

Deno.test("signalName() gives back what parseSignal() read, for every number", () => {
  for (let number = 1; number <= 64; number++) {
    if (number === 32 || number === 33) assert.equal(signalName(number), String(number));
    else assert.equal(parseSignal(signalName(number)).number, number);
  }
});

Deno.test("parseSignal() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseSignal, READ.map(([text]) => text));
});
