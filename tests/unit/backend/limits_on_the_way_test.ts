import assert from "node:assert/strict";
import { type Limits, NO_LIMITS } from "../../../src/job/limits.ts";
import { tighterOnTheWay } from "../../../src/backend/limits_on_the_way.ts";
import { CgroupDir } from "../../kit/fakes/cgroup_dir.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";

const PARENT = "/corral.slice";
const SLICE = `${PARENT}/corral-${JOB_ID}.slice`;
const SCOPE = `${SLICE}/corral-${JOB_ID}.scope`;
const UNLIMITED = {
  "memory.max": "max\n",
  "memory.high": "max\n",
  "memory.swap.max": "max\n",
  "cpu.max": "max 100000\n",
  "pids.max": "max\n",
};

/** Cgroup, file and what is found of each limit that is tighter, with one file of one cgroup saying something. */
function found(limits: Partial<Limits>, path: string, file: string, text: string): string[] {
  using dir = new CgroupDir();
  for (const one of [PARENT, SLICE, SCOPE]) dir.add(one, UNLIMITED);
  dir.put(path, file, text);
  const cgroup = dir.own(path === SLICE ? { ...UNLIMITED, [file]: text } : UNLIMITED, SLICE);
  return tighterOnTheWay(cgroup, SCOPE, { ...NO_LIMITS, ...limits })
    .map(({ option, path, file, found, isJobs }) =>
      [option, path, file, found, isJobs ? "own" : "shared"].join(" ")
    );
}

Deno.test("tighterOnTheWay() finds a limit of the scope that binds before the slice's", () => {
  assert.deepEqual(found({ pidsMax: 20_000 }, SCOPE, "pids.max", "4211\n"), [
    `--pids ${SCOPE} pids.max 4211 own`,
  ]);
  assert.deepEqual(found({ cpuMaxCores: 4 }, SCOPE, "cpu.max", "150000 100000\n"), [
    `--cpus ${SCOPE} cpu.max 1.5 own`,
  ]);
});

Deno.test("tighterOnTheWay() finds what others share with the job, as that", () => {
  assert.deepEqual(found({ memoryMaxBytes: 400 * 2 ** 20 }, PARENT, "memory.max", "67108864\n"), [
    `--memory ${PARENT} memory.max 64.0M shared`,
  ]);
});

Deno.test("tighterOnTheWay() takes throttling below the memory limit for a breach of it, also on the slice itself", () => {
  for (const path of [SCOPE, SLICE]) {
    assert.deepEqual(found({ memoryMaxBytes: 400 * 2 ** 20 }, path, "memory.high", "33554432\n"), [
      `--memory ${path} memory.high 32.0M own`,
    ]);
  }
});

Deno.test("tighterOnTheWay() minds no limit that is as wide as what was asked for, and none where nothing was", () => {
  assert.deepEqual(found({ pidsMax: 300 }, SCOPE, "pids.max", "300\n"), []);
  assert.deepEqual(found({ pidsMax: 300 }, PARENT, "pids.max", "4211\n"), []);
  assert.deepEqual(found({}, SCOPE, "pids.max", "4\n"), []);
  // The slice's own is read back by name.
  assert.deepEqual(found({ pidsMax: 300 }, SLICE, "pids.max", "4\n"), []);
});
