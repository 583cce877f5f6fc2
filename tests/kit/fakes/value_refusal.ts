import assert from "node:assert/strict";
import { renderError, ValueError } from "../../../src/base/errors.ts";

/** Asserts that `parse(input)` refuses with a caret at `offset`, and returns the error. */
export function assertRefused(parse: (text: string) => unknown, input: string, offset: number): ValueError {
  const error = refusalOf(parse, input);
  assert.ok(error, `${JSON.stringify(input.slice(0, 80))} was accepted`);
  assert.equal(error.offset, offset, `${JSON.stringify(input.slice(0, 80))}: ${error.message}`);
  return error;
}

/** The ValueError that `parse(input)` throws, or null if it accepts; any other error is passed on. */
export function refusalOf(parse: (text: string) => unknown, input: string): ValueError | null {
  try {
    parse(input);
    return null;
  } catch (error) {
    if (error instanceof ValueError) return error;
    throw error;
  }
}

/** Feeds a parser hostile strings: it may accept or refuse, but only with an offset inside the input and three clean lines. */
export function assertOnlyRefuses(parse: (text: string) => unknown, seeds: readonly string[]): void {
  for (const input of hostileInputs(seeds)) {
    const error = refusalOf(parse, input);
    if (error === null) continue;
    const shown = JSON.stringify(input.slice(0, 80));
    assert.ok(error.offset >= 0 && error.offset <= input.length, `${shown}: offset ${error.offset}`);
    const lines = renderError(error).split("\n");
    assert.ok(lines.length <= 3, `${shown}: ${lines.length} lines`);
    for (const line of lines) assert.match(line, /^[^\p{C}]*$/u, `${shown}: a raw control character`);
    if (lines.length === 3) assert.match(lines[2] ?? "", /^ {2,82}\^$/, shown);
  }
}

const HOSTILE = [
  "",
  " ",
  "\0",
  "\n",
  "\x1b[31m",
  "\x9b2J",
  "\u202e",
  "\u200b",
  "\ud800",
  "\udfff",
  "😀",
  "值",
  "２",
  "e\u0301",
  "-",
  "+",
  ".",
  ":",
  "=",
  "%",
  "9".repeat(10_000),
  "é".repeat(10_000),
  "\x1b".repeat(10_000),
  "1".repeat(400) + "." + "1".repeat(400),
  "__proto__",
  "Infinity",
  "NaN",
  "1e9",
  "0x10",
  "٣",
];

function* hostileInputs(seeds: readonly string[]): Generator<string> {
  const random = seededRandom(20261101);
  const pieces = [...HOSTILE, ...seeds];
  const pick = () => pieces[Math.floor(random() * pieces.length)] ?? "";
  yield* pieces;
  for (let round = 0; round < 3000; round++) {
    const seed = pick();
    const at = Math.floor(random() * (seed.length + 1));
    yield round % 2 === 0 ? seed.slice(0, at) + pick() + seed.slice(at) : pick() + pick() + pick();
  }
}

/** A small repeatable random source (mulberry32): a failing round fails again. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
