import assert from "node:assert/strict";
import { lostGroups } from "../../src/launch/lost_groups.ts";

const ALL = "000001ffffffffff";

function status(groups: string, capabilities: string, gid = "0"): string {
  return `Name:\tcorral\nUid:\t0\t0\t0\t0\nGid:\t${gid}\t${gid}\t${gid}\t${gid}\nGroups:\t${groups} \nCapEff:\t${capabilities}\n`;
}

Deno.test("lostGroups() gives all groups of who may set them", () => {
  assert.deepEqual(lostGroups(status("0 27 2000", ALL)), [0, 27, 2000]);
});

Deno.test("lostGroups() gives none to who may not set them: the kernel refuses to take them", () => {
  assert.deepEqual(lostGroups(status("27 2000", "0000000000000000", "1000")), []);
  assert.deepEqual(lostGroups(status("27 2000", "000001ffffffffbf")), []);
});

Deno.test("lostGroups() leaves out what changes nothing: no groups, or one's own alone", () => {
  assert.deepEqual(lostGroups(status("", ALL)), []);
  assert.deepEqual(lostGroups(status("0", ALL)), []);
  assert.deepEqual(lostGroups(status("1000", ALL, "1000")), []);
});
