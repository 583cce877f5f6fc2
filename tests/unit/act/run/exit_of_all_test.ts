import assert from "node:assert/strict";
import { exitOfAll } from "../../../../src/act/run/exit_or_empty.ts";
import { CgroupDir, JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";

Deno.test("exitOfAll() is the exit of the first process, once the last one has left", async () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  let isOver = false;
  const all = exitOfAll(Promise.resolve({ code: 7, signal: null }), cgroup).finally(() => isOver = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(isOver, false);
  dir.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
  // The look itself keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  assert.deepEqual(await all, { code: 7, signal: null });
  clearInterval(alive);
});
