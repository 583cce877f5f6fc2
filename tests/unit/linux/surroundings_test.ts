import assert from "node:assert/strict";
import { inherited, maskOf } from "../../../src/linux/surroundings.ts";

const NONE = "0000000000000000";

function of(blocked: string, ignored: string) {
  return inherited(`Name:\tcorral\nSigPnd:\t${NONE}\nSigBlk:\t${blocked}\nSigIgn:\t${ignored}\n`);
}

Deno.test("inherited() sees nothing to put right in usual surroundings", () => {
  // The runtime ignores SIGPIPE.
  assert.deepEqual(of(NONE, "0000000000001000"), { ignoresChild: false, blocks: false });
});

Deno.test("inherited() sees an ignored SIGCHLD among others, and blocked signals", () => {
  assert.equal(of(NONE, "0000000000010000").ignoresChild, true);
  assert.equal(of(NONE, "fffffffe7ffbfeff").ignoresChild, true);
  assert.equal(of(NONE, "fffffffe7ffafeff").ignoresChild, false);
  assert.equal(of("0000000000004000", NONE).blocks, true);
  assert.equal(of("8000000000000000", NONE).blocks, true);
});

Deno.test("maskOf() of a kernel that does not show it is empty", () => {
  assert.equal(maskOf("Name:\tcorral\n", "SigBlk"), 0n);
});
