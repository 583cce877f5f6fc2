import assert from "node:assert/strict";
import { parseSelector } from "../../../src/value/selector.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";

Deno.test("parseSelector() tells words, names, refs and the newest apart", () => {
  const word = (word: string, id: string | null, prefix: string | null) => ({
    kind: "word",
    word,
    id,
    prefix,
  });
  assert.deepEqual(parseSelector("7k2m9q"), word("7k2m9q", "7k2m9q", "7k2m9q"));
  assert.deepEqual(parseSelector("7k2"), word("7k2", null, "7k2"));
  assert.deepEqual(parseSelector("7k2m9qx"), word("7k2m9qx", null, null));
  assert.deepEqual(parseSelector("fast surfer"), word("fast surfer", null, null));
  assert.deepEqual(parseSelector("tag:x"), word("tag:x", null, null));
  assert.deepEqual(parseSelector("last"), { kind: "last" });
  assert.deepEqual(parseSelector("name:last"), { kind: "name", name: "last" });
  assert.deepEqual(parseSelector("name:fast surfer"), { kind: "name", name: "fast surfer" });
  assert.deepEqual(parseSelector("name:ref:x"), { kind: "name", name: "ref:x" });
  assert.deepEqual(parseSelector("name:7k2m9q"), { kind: "name", name: "7k2m9q" });
  assert.deepEqual(parseSelector("ref:a\nb"), { kind: "ref", ref: "a\nb" });
});

const REFUSED: readonly (readonly [string, number])[] = [["", 0], ["name:", 5], ["ref:", 4]];

for (const [text, offset] of REFUSED) {
  Deno.test(`parseSelector() refuses ${JSON.stringify(text)} at ${offset}`, () => {
    assert.equal(assertRefused(parseSelector, text, offset).kind, "job");
  });
}

Deno.test("parseSelector() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseSelector, ["7k2m9q", "name:x", "ref:y"]);
});
