import assert from "node:assert/strict";
import { EXIT, UsageError } from "../../../src/base/errors.ts";
import { isSweeping, parsePattern, parseSelectivePattern } from "../../../src/value/pattern.ts";

Deno.test("parsePattern() reads one, or says what is wrong in the engine's own words", () => {
  assert.ok(parsePattern("--match", "--sid (\\S+)").test("x --sid 7"));
  assert.ok(parsePattern("--match", "^sh .*fastsurfer$").test("sh -c cd /data\nfastsurfer"));
  assert.ok(!parsePattern("--match", "fastsurfer").test("FastSurfer"));
  assert.throws(
    () => parsePattern("--match", "(a"),
    (error: unknown) =>
      error instanceof UsageError && error.exitCode === EXIT.USAGE &&
      error.message === "--match: Invalid regular expression: /(a/s: Unterminated group",
  );
});

Deno.test("parseSelectivePattern() refuses what matches everything", () => {
  for (const text of ["", ".*", "a*", "^", "$", "fastsurfer|", "(?:)"]) {
    assert.throws(
      () => parseSelectivePattern("--match", text),
      /^UsageError: --match: ".*" matches every/,
      text,
    );
  }
  assert.ok(parseSelectivePattern("--match", "fastsurfer|freesurfer").test("x freesurfer"));
});

Deno.test("isSweeping() knows patterns that mean everything, and those that mean something", () => {
  const everything = [
    "^.",
    ".",
    "[a-z]",
    "\\w",
    "(?=.)",
    "python3|.|x",
    "bin",
    "[^x]",
    "e",
    "init|sshd|cron|bash",
    "/",
  ];
  assert.deepEqual(everything.filter((text) => !isSweeping(parsePattern("--match", text))), []);
  const something = [
    "run_fastsurfer.*--sid",
    "^python3 ",
    "celery",
    "sshd",
    "^/usr/bin/",
    "\\.py\\b",
    "bash|agetty",
  ];
  assert.deepEqual(something.filter((text) => isSweeping(parsePattern("--match", text))), []);
});
