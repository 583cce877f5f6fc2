import assert from "node:assert/strict";
import { parseTag } from "../../../src/value/tag.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";

const READ: readonly (readonly [string, string, string])[] = [
  ["project=brain", "project", "brain"],
  ["k=", "k", ""],
  ["k=a=b", "k", "a=b"],
  ["org.example/team-1=x y", "org.example/team-1", "x y"],
  ["_k=\n\x1b", "_k", "\n\x1b"],
  [`${"k".repeat(64)}=v`, "k".repeat(64), "v"],
  [`k=${"v".repeat(1024)}`, "k", "v".repeat(1024)],
];

const REFUSED: readonly (readonly [string, number])[] = [
  ["", 0],
  ["=v", 0],
  ["k", 1],
  ["project", 7],
  ["a b=c", 1],
  ["-k=v", 0],
  [".k=v", 0],
  ["ké=v", 1],
  ["k\n=v", 1],
  [" k=v", 0],
  [`${"k".repeat(65)}=v`, 64],
  ["k=a\0", 3],
  ["k=\ud800", 2],
  [`k=${"v".repeat(1025)}`, 1026],
];

for (const [text, key, value] of READ) {
  Deno.test(`parseTag() reads ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.deepEqual(parseTag(text), { key, value });
  });
}

for (const [text, offset] of REFUSED) {
  Deno.test(`parseTag() refuses ${JSON.stringify(text.slice(0, 30))} at ${offset}`, () => {
    const error = assertRefused(parseTag, text, offset);
    assert.equal(error.kind, "tag");
    assert.equal(error.input, text);
  });
}

Deno.test("parseTag() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseTag, READ.map(([text]) => text));
});
