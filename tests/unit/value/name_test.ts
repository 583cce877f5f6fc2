import assert from "node:assert/strict";
import { jobNameFromCommand, parseName, parseRef } from "../../../src/value/name.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";
import { always, textOf } from "../../kit/fakes/properties.ts";

Deno.test("parseName() keeps any text as it is", () => {
  for (
    const text of [
      "a",
      "my job",
      "a\nb",
      "\x1b[31mred",
      "\u202e",
      "值".repeat(255),
      "😀".repeat(255),
      "-x",
      "{}",
    ]
  ) {
    assert.equal(parseName(text), text);
  }
});

Deno.test("parseName() and parseRef() refuse what cannot be stored", () => {
  assertRefused(parseName, "", 0);
  assertRefused(parseName, "ab\0c", 2);
  assertRefused(parseName, "😀\ud800", 2);
  assertRefused(parseName, "\udc00x", 0);
  assertRefused(parseRef, "", 0);
  assertRefused(parseRef, "task\0", 4);
});

Deno.test("parseName() points at the first character too many, counted in code points", () => {
  assertRefused(parseName, "x".repeat(256), 255);
  assertRefused(parseName, "x".repeat(10_000), 255);
  assertRefused(parseName, "😀".repeat(256), 510);
  assertRefused(parseName, "x".repeat(254) + "😀😀", 256);
  assertRefused(parseRef, "x".repeat(1025), 1024);
  assert.equal(parseRef("x".repeat(1024)).length, 1024);
});

Deno.test("jobNameFromCommand() is the command's base name", () => {
  const named: readonly (readonly [string, string])[] = [
    ["true", "true"],
    ["/usr/bin/python3", "python3"],
    ["./run.sh", "run.sh"],
    ["dir/", "dir"],
    ["/", "?"],
    ["", "?"],
    ["a b/c d", "c d"],
  ];
  for (const [command, name] of named) assert.equal(jobNameFromCommand(command), name);
});

Deno.test("jobNameFromCommand() always gives a name that parseName() accepts", () => {
  const parts = ["/", "a", "😀", "\ud800", "\n", "\0", "x".repeat(254), "é".repeat(5000), ".", "\\"];
  always(textOf(parts, 6), (command) => {
    const name = jobNameFromCommand(command);
    assert.equal(parseName(name), name);
  }, 2000);
});

Deno.test("parseName() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseName, ["job", "x".repeat(255)]);
  assertOnlyRefuses(parseRef, ["ref", "x".repeat(1024)]);
});
