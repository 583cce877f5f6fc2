import assert from "node:assert/strict";
import { readCurrent, readUsage } from "../../src/cgroup/usage.ts";
import { CgroupFs } from "../../src/cgroup/file.ts";
import { ParseError } from "../../src/errors.ts";
import type { Usage } from "../../src/job/job.ts";
import { CgroupDir, JOB_PATH } from "../fakes/cgroup_dir.ts";

const SAMPLES = new CgroupFs(new URL("../fixtures/cgroup", import.meta.url).pathname, "/");

const NOTHING: Usage = {
  wallMs: null,
  cpuUsageUsec: null,
  cpuUserUsec: null,
  cpuSystemUsec: null,
  cpuPeriods: null,
  cpuThrottledPeriods: null,
  cpuThrottledUsec: null,
  memoryPeakBytes: null,
  swapPeakBytes: null,
  oomKills: null,
  ioReadBytes: null,
  ioWrittenBytes: null,
  pidsPeak: null,
};

const CPU = {
  cpuUsageUsec: 5_038_192,
  cpuUserUsec: 2_795_979,
  cpuSystemUsec: 2_242_212,
  cpuPeriods: 256,
  cpuThrottledPeriods: 252,
  cpuThrottledUsec: 19_911_446,
};

Deno.test("readUsage() on Linux 6.1, where nothing was done to a disk: 0, and no memory.swap.peak yet: null", () => {
  assert.deepEqual(readUsage(SAMPLES, "/linux-6.1"), {
    ...NOTHING,
    ...CPU,
    memoryPeakBytes: 67_108_864,
    oomKills: 2,
    ioReadBytes: 0,
    ioWrittenBytes: 0,
    pidsPeak: 2,
  });
});

Deno.test("readUsage() on Linux 6.12 knows everything but the wall time, which is the caller's", () => {
  assert.deepEqual(readUsage(SAMPLES, "/linux-6.12"), {
    wallMs: null,
    cpuUsageUsec: 2_762_066,
    cpuUserUsec: 1_839_817,
    cpuSystemUsec: 922_249,
    cpuPeriods: 140,
    cpuThrottledPeriods: 136,
    cpuThrottledUsec: 10_918_110,
    memoryPeakBytes: 67_108_864,
    swapPeakBytes: 0,
    oomKills: 2,
    ioReadBytes: 0,
    ioWrittenBytes: 0,
    pidsPeak: 2,
  });
});

Deno.test("readUsage() on Linux 5.4 has no peaks: null, not 0", () => {
  assert.deepEqual(readUsage(SAMPLES, "/linux-5.4"), {
    ...NOTHING,
    ...CPU,
    oomKills: 2,
    ioReadBytes: 91_889_664,
    ioWrittenBytes: 613_781_504,
  });
});

Deno.test("readUsage() without controllers has the CPU time alone", () => {
  const usage = readUsage(SAMPLES, "/linux-6.18-no-controllers");
  assert.ok(usage.cpuUsageUsec! > 0);
  assert.equal(usage.cpuUsageUsec, usage.cpuUserUsec! + usage.cpuSystemUsec!);
  assert.deepEqual({ ...usage, cpuUsageUsec: null, cpuUserUsec: null, cpuSystemUsec: null }, NOTHING);
});

Deno.test("readUsage() of a cgroup that has vanished knows nothing", () => {
  assert.deepEqual(readUsage(SAMPLES, "/gone"), NOTHING);
});

Deno.test("readUsage() names the file that says something unexpected", () => {
  const files = {
    "cpu.stat": "usage_usec many\n",
    "memory.peak": "max\n",
    "memory.events": "oom_kill\n",
    "io.stat": "8:0 rbytes=x\n",
    "pids.peak": "\n",
  };
  for (const [file, text] of Object.entries(files)) {
    using dir = new CgroupDir();
    dir.add(JOB_PATH, { [file]: text });
    assert.throws(
      () => readUsage(dir.fs, JOB_PATH),
      (error: unknown) => error instanceof ParseError && error.path === `${dir.mount}${JOB_PATH}/${file}`,
      file,
    );
  }
});

Deno.test("readCurrent() tells memory and tasks, and what the kernel does not say is null", () => {
  assert.deepEqual(readCurrent(SAMPLES, "/linux-6.1"), { memoryBytes: 8_421_376, tasks: 0 });
  assert.deepEqual(readCurrent(SAMPLES, "/linux-6.18-no-controllers"), { memoryBytes: null, tasks: null });
});
