import assert from "node:assert/strict";
import { inherited, maskOf } from "../../../src/linux/surroundings.ts";

const status = (blocked: string, ignored: string) =>
  `Name:\tcorral\nSigPnd:\t0000000000000000\nSigBlk:\t${blocked}\nSigIgn:\t${ignored}\n`;
const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max file size             ${soft.padEnd(20)} unlimited            bytes     \n` +
  `Max open files            1024                 1048576              files     \n`;
const NONE = "0000000000000000";
const UNLIMITED = limits("unlimited");

Deno.test("inherited() sees nothing to put right in usual surroundings", () => {
  // The runtime ignores SIGPIPE.
  const usual = inherited(status(NONE, "0000000000001000"), UNLIMITED);
  assert.deepEqual(usual, { ignoresChild: false, blocks: false, limitsFileSize: false });
});

Deno.test("inherited() sees an ignored SIGCHLD among others, blocked signals, and a limit for files", () => {
  const of = (blocked: string, ignored: string, text: string) => inherited(status(blocked, ignored), text);
  assert.equal(of(NONE, "0000000000010000", UNLIMITED).ignoresChild, true);
  assert.equal(of(NONE, "fffffffe7ffbfeff", UNLIMITED).ignoresChild, true);
  assert.equal(of(NONE, "fffffffe7ffafeff", UNLIMITED).ignoresChild, false);
  assert.equal(of("0000000000004000", NONE, UNLIMITED).blocks, true);
  assert.equal(of("8000000000000000", NONE, UNLIMITED).blocks, true);
  assert.equal(of(NONE, NONE, limits("0")).limitsFileSize, true);
  assert.equal(of(NONE, NONE, limits("8000000")).limitsFileSize, true);
});

Deno.test("maskOf() of a kernel that does not show it is empty", () => {
  assert.equal(maskOf("Name:\tcorral\n", "SigBlk"), 0n);
});
