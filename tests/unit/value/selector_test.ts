import assert from "node:assert/strict";
import { parseSelector } from "../../../src/value/selector.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";

Deno.test("parseSelector() tells id, prefix, name and ref apart", () => {
  assert.deepEqual(parseSelector("7k2m9q"), { kind: "id", id: "7k2m9q" });
  assert.deepEqual(parseSelector("7k2"), { kind: "prefix", prefix: "7k2" });
  assert.deepEqual(parseSelector("7"), { kind: "prefix", prefix: "7" });
  assert.deepEqual(parseSelector("name:fast surfer"), { kind: "name", name: "fast surfer" });
  assert.deepEqual(parseSelector("name:ref:x"), { kind: "name", name: "ref:x" });
  assert.deepEqual(parseSelector("name:7k2m9q"), { kind: "name", name: "7k2m9q" });
  assert.deepEqual(parseSelector("ref:a\nb"), { kind: "ref", ref: "a\nb" });
});

const REFUSED: readonly (readonly [string, number])[] = [
  ["", 0],
  ["name:", 5],
  ["ref:", 4],
  ["Name:x", 0],
  ["tag:x", 3],
  ["7K2", 1],
  ["7k2m9qx", 6],
  ["nosuch", 1],
  ["7k2*", 3],
  ["7k2 ", 3],
  ["-7", 0],
];

for (const [text, offset] of REFUSED) {
  Deno.test(`parseSelector() refuses ${JSON.stringify(text)} at ${offset}`, () => {
    assert.equal(assertRefused(parseSelector, text, offset).kind, "job");
  });
}

Deno.test("parseSelector() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseSelector, ["7k2m9q", "name:x", "ref:y"]);
});
