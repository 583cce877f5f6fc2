import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { sqliteGlob } from "../../../src/value/glob.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";
import { fc, several, textOf } from "../../kit/fakes/properties.ts";

const database = new DatabaseSync(":memory:");
const statement = database.prepare("SELECT ? GLOB ? AS matches");
const matches = (name: string, pattern: string) =>
  statement.get(name, sqliteGlob(pattern))?.["matches"] === 1;

Deno.test("sqliteGlob() matches whole names", () => {
  assert.ok(matches("fastsurfer", "fast*"));
  assert.ok(matches("fastsurfer", "fastsurfer"));
  assert.ok(!matches("fastsurfer", "fast"));
  assert.ok(!matches("Fastsurfer", "fast*"));
  assert.ok(matches("a\nb", "a?b"));
  assert.ok(matches("日本", "?本"));
});

Deno.test("sqliteGlob() knows sets, their negation, and what they hold literally", () => {
  const all = ["a", "b", "-", "^", "!", "]", "[", "*"];
  const matched = (pattern: string) => all.filter((name) => matches(name, pattern)).join("");
  assert.equal(matched("[a-b]"), "ab");
  assert.equal(matched("[!a-b]"), "-^!][*");
  assert.equal(matched("[]a]"), "a]");
  assert.equal(matched("[!]a]"), "b-^![*");
  assert.equal(matched("[a-]"), "a-");
  assert.equal(matched("[a^]"), "a^");
  assert.equal(matched("[\\^]"), "^");
  assert.equal(matched("[\\^-]"), "-^");
  assert.equal(matched("[\\^-a]"), "a^");
  assert.equal(matched("[*]"), "*");
  assert.equal(matched("[a\\]]"), "a]");
});

Deno.test("sqliteGlob() takes a character after a backslash, and a [ that is never closed, as it is", () => {
  assert.ok(matches("a*b", "a\\*b") && !matches("axb", "a\\*b"));
  assert.ok(matches("[x", "[x") && !matches("x", "[x"));
  assert.ok(matches("a\\b", "a\\\\b"));
  assert.ok(matches("[", "\\[") && matches("[", "[") && matches("[[", "[[") && matches("[!", "[!"));
  assert.ok(matches("ab\\", "ab\\") && matches("[\\", "[\\") && !matches("ab", "ab\\"));
});

Deno.test("sqliteGlob() means what /bin/sh means", async () => {
  const pieces = [
    "a",
    "b",
    "c",
    "*",
    "?",
    "[ab]",
    "[!a]",
    "[a-c]",
    "[]b]",
    "\\*",
    "\\?",
    "[",
    "\\a",
    "\\",
    "x",
  ];
  const texts = fc.tuple(textOf(["a", "b", "c", "x", "*", "?", "[", "\\"], 4, 1), textOf(pieces, 4, 1));
  const pairs = several(texts, 2000);
  const script = "while [ $# -gt 0 ]; do case $1 in $2) echo 1 ;; *) echo 0 ;; esac; shift 2; done";
  const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", script, "sh", ...pairs.flat()] })
    .output();
  const said = new TextDecoder().decode(stdout).trim().split("\n");
  assert.deepEqual(
    pairs.map(([name, pattern]) => `${name} ${pattern} ${matches(name, pattern) ? 1 : 0}`),
    pairs.map(([name, pattern], index) => `${name} ${pattern} ${said[index]}`),
  );
  assert.ok(said.filter((answer) => answer === "1").length > 100);
});

Deno.test("sqliteGlob() refuses what it cannot mean", () => {
  assertRefused(sqliteGlob, "", 0);
  assertRefused(sqliteGlob, "a[[:alpha:]]", 1);
  assertOnlyRefuses(sqliteGlob, ["fast*", "[a-z]?", "\\*"]);
});
