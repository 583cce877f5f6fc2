import assert from "node:assert/strict";
import { inspectRoom } from "../../../src/observe/doctor_room.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const limits = (files: string, space: string, processes: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             ${processes.padEnd(20)} 63432                processes \n` +
  `Max open files            ${files.padEnd(20)} 1048576              files     \n` +
  `Max address space         ${space.padEnd(20)} unlimited            bytes     \n`;

function findings(text: string | null) {
  using temp = new TempDir();
  if (text !== null) temp.write("self/limits", text);
  return inspectRoom(temp.path);
}

const problems = (text: string | null) => findings(text).filter(({ ok }) => !ok).map(({ what }) => what);

Deno.test("inspectRoom() is content with usual limits, and names each that is too small for a corral", () => {
  assert.deepEqual(problems(limits("1024", "unlimited", "63432")), []);
  assert.deepEqual(problems(limits("64", "68719476736", "32")), []);
  assert.deepEqual(problems(limits("6", "16000000000", "20")), ["descriptors", "address space", "processes"]);
});

Deno.test("inspectRoom() gives a remedy with every problem", () => {
  for (const { ok, remedy } of findings(limits("6", "1", "1"))) {
    assert.deepEqual([ok, remedy !== null], [false, true]);
  }
  assert.deepEqual(problems(null), ["proc"]);
});
