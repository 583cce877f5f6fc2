import assert from "node:assert/strict";
import { emptied } from "../../../src/observe/emptied.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { QuickTime } from "../../kit/fakes/quick_time.ts";

const NO_EXIT = { code: null, signal: null };

/** True when it resolves in time to a notice of the kernel, false when it does not. */
function resolvesSoon(promise: Promise<unknown>): Promise<boolean> {
  let timer = 0;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), 100));
  return Promise.race([promise.then(() => true), late]).finally(() => clearTimeout(timer));
}

Deno.test("emptied() resolves, without an exit, when the kernel says that nobody is left", async () => {
  using dir = new CgroupDir();
  const waiting = emptied(dir.own());
  assert.equal(await resolvesSoon(waiting), false);
  dir.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
  assert.deepEqual(await waiting, NO_EXIT);
});

Deno.test("emptied() resolves for a cgroup that is gone", async () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  dir.vanish(JOB_PATH);
  assert.deepEqual(await emptied(cgroup), NO_EXIT);
});

Deno.test("emptied() does not take a cgroup that cannot be read for an empty one", async () => {
  using dir = new CgroupDir();
  using _time = new QuickTime(10);
  const waiting = emptied(dir.own({ "cgroup.events": "nonsense\n" }));
  assert.equal(await resolvesSoon(waiting), false);
  dir.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
  assert.deepEqual(await waiting, NO_EXIT);
});
