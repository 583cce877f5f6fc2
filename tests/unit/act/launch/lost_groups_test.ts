import assert from "node:assert/strict";
import { lostGroups } from "../../../../src/act/launch/lost_groups.ts";

const ALL = "000001ffffffffff";
const NO_SETGID = "00000000a80425bb";

function status(groups: string, capabilities = ALL, gid = 0): string {
  return `Name:\tcorral\nUid:\t0\t0\t0\t0\nGid:\t${gid}\t${gid}\t${gid}\t${gid}\nFDSize:\t64\nGroups:\t${groups} \n` +
    `CapInh:\t0000000000000000\nCapPrm:\t${ALL}\nCapEff:\t${capabilities}\n`;
}

Deno.test("lostGroups() are all that root was given", () => {
  assert.deepEqual(lostGroups(status("0 4 1001")), [0, 4, 1001]);
  assert.deepEqual(lostGroups(status("1001")), [1001]);
});

Deno.test("lostGroups() of root as it logs in are none: its own group makes no difference", () => {
  assert.deepEqual(lostGroups(status("0")), []);
  assert.deepEqual(lostGroups(status("")), []);
});

Deno.test("lostGroups() of who may not set groups are none: they are not taken away", () => {
  assert.deepEqual(lostGroups(status("4 1001", "0000000000000000", 1000)), []);
  assert.deepEqual(lostGroups(status("4 1001", NO_SETGID.replace("bb", "3b"), 1000)), []);
  assert.deepEqual(lostGroups(""), []);
});

Deno.test("lostGroups() goes by the capability, not by the uid", () => {
  assert.deepEqual(lostGroups(status("4 1001", "0000000000000040", 1000)), [4, 1001]);
});
