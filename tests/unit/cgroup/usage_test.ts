import assert from "node:assert/strict";
import {
  readable,
  readCurrent,
  readMemorySplit,
  readMemoryStalls,
  readOomKills,
  readSample,
  readUsage,
} from "../../../src/cgroup/usage.ts";
import { CgroupFs } from "../../../src/cgroup/file.ts";
import { ParseError } from "../../../src/base/errors.ts";
import { NO_SPLIT, NO_USAGE as NOTHING } from "../../../src/job/usage.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";

const SAMPLES = new CgroupFs(new URL("../../kit/fixtures/cgroup", import.meta.url).pathname, "/");

const NOT_READ = { readBytes: 0, readOperations: 0 };
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
    memoryHighEvents: 0,
    memoryMaxEvents: 35,
    oomKills: 2,
    ioReadBytes: 0,
    ioWrittenBytes: 0,
    ioReadOperations: 0,
    ioWriteOperations: 0,
    ioDevices: [],
    pidsPeak: 2,
  });
});

Deno.test("readUsage() on Linux 6.12 knows everything but what is its caller's", () => {
  assert.deepEqual(readUsage(SAMPLES, "/linux-6.12-live"), {
    ...NOTHING,
    cpuUsageUsec: 9_943_560,
    cpuUserUsec: 4_101_789,
    cpuSystemUsec: 5_841_770,
    cpuPeriods: 110,
    cpuThrottledPeriods: 41,
    cpuThrottledUsec: 2_451_558,
    cpuPressureSomeUsec: 1_936_693,
    cpuPressureFullUsec: 1_829_381,
    memoryPeakBytes: 182_575_104,
    memoryHighEvents: 0,
    memoryMaxEvents: 0,
    memoryPressureSomeUsec: 0,
    memoryPressureFullUsec: 0,
    swapPeakBytes: 0,
    oomKills: 0,
    ioReadBytes: 10_485_760,
    ioWrittenBytes: 3 * 67_108_864,
    ioReadOperations: 10,
    ioWriteOperations: 576 + 64 + 128,
    ioDevices: [
      { device: "254:0", name: null, ...NOT_READ, writtenBytes: 67_108_864, writeOperations: 576 },
      { device: "1:0", name: null, ...NOT_READ, writtenBytes: 67_108_864, writeOperations: 64 },
      {
        device: "7:0",
        name: null,
        readBytes: 10_485_760,
        readOperations: 10,
        writtenBytes: 67_108_864,
        writeOperations: 128,
      },
    ],
    ioPressureSomeUsec: 1_008_687,
    ioPressureFullUsec: 604_075,
    pidsPeak: 5,
  });
});

Deno.test("readUsage() of a job that the kernel killed for memory", () => {
  const { memoryPeakBytes, memoryMaxEvents, oomKills, swapPeakBytes } = readUsage(SAMPLES, "/linux-6.12");
  assert.deepEqual([memoryPeakBytes, memoryMaxEvents, oomKills, swapPeakBytes], [67_108_864, 196, 2, 0]);
});

Deno.test("readUsage() on Linux 5.4 has no peaks: null, not 0", () => {
  assert.deepEqual(readUsage(SAMPLES, "/linux-5.4"), {
    ...NOTHING,
    ...CPU,
    // Without a full line, before 5.13.
    cpuPressureSomeUsec: 912_345,
    memoryHighEvents: 0,
    memoryMaxEvents: 35,
    oomKills: 2,
    ioReadBytes: 91_889_664,
    ioWrittenBytes: 613_781_504,
    ioReadOperations: 9_142,
    ioWriteOperations: 1_605,
    ioDevices: [
      {
        device: "8:16",
        name: null,
        readBytes: 1_459_200,
        writtenBytes: 314_773_504,
        readOperations: 192,
        writeOperations: 353,
      },
      {
        device: "8:0",
        name: null,
        readBytes: 90_430_464,
        writtenBytes: 299_008_000,
        readOperations: 8_950,
        writeOperations: 1_252,
      },
    ],
  });
});

Deno.test("readUsage() without controllers has CPU time and pressure alone", () => {
  assert.deepEqual(readUsage(SAMPLES, "/linux-6.18-no-controllers"), {
    ...NOTHING,
    cpuUsageUsec: 57_272,
    cpuUserUsec: 57_272,
    cpuSystemUsec: 0,
    cpuPressureSomeUsec: 1_635_368,
    cpuPressureFullUsec: 1_144_446,
    memoryPressureSomeUsec: 0,
    memoryPressureFullUsec: 0,
    ioPressureSomeUsec: 1_124,
    ioPressureFullUsec: 663,
  });
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
    "memory.swap.peak": "4K\n",
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

Deno.test("readMemorySplit() tells the kinds of memory on every kernel", () => {
  const split = (name: string) => readMemorySplit(readable(SAMPLES, name));
  assert.deepEqual(split("/linux-6.12-live"), {
    anonBytes: 52_953_088,
    fileBytes: 107_118_592,
    shmemBytes: 107_118_592,
    slabBytes: 340_544,
  });
  assert.deepEqual(split("/linux-5.4"), {
    anonBytes: 5_271_552,
    fileBytes: 2_703_360,
    shmemBytes: 135_168,
    slabBytes: 1_081_344,
  });
  assert.deepEqual(split("/linux-6.18-no-controllers"), NO_SPLIT);
});

Deno.test("readSample() tells what a job holds and has used by now", () => {
  assert.deepEqual(readSample(readable(SAMPLES, "/linux-6.1-live"), 7), {
    sample: {
      offsetMs: 7,
      memoryBytes: 93_237_248,
      anonBytes: 52_797_440,
      fileBytes: 40_009_728,
      cpuUsageUsec: 11_561_525,
      tasks: 2,
    },
    split: { anonBytes: 52_797_440, fileBytes: 40_009_728, shmemBytes: 40_009_728, slabBytes: 173_104 },
  });
  const { sample } = readSample(readable(SAMPLES, "/linux-6.18-no-controllers"), 0);
  assert.deepEqual([sample.memoryBytes, sample.anonBytes, sample.cpuUsageUsec, sample.tasks], [
    null,
    null,
    57_272,
    null,
  ]);
});

Deno.test("readMemoryStalls() counts what memory.high and memory.max did", () => {
  using dir = new CgroupDir();
  dir.add(JOB_PATH, { "memory.events": "low 1\nhigh 20\nmax 300\noom 4000\n" });
  assert.equal(readMemoryStalls(readable(dir.fs, JOB_PATH)), 320);
  assert.equal(readMemoryStalls(readable(SAMPLES, "/linux-6.18-no-controllers")), 0);
});

Deno.test("readUsage() tells what some waited for from what all waited for, of each resource", () => {
  using dir = new CgroupDir();
  const pressure = (some: number, full: number) =>
    ["some", "full"].map((who, index) =>
      `${who} avg10=0.00 avg60=0.00 avg300=0.00 total=${[some, full][index]}\n`
    )
      .join("");
  dir.own({
    "cpu.pressure": pressure(1, 2),
    "memory.pressure": pressure(3, 4),
    "io.pressure": pressure(5, 6),
  });
  const usage = readUsage(dir.fs, JOB_PATH);
  assert.deepEqual([usage.cpuPressureSomeUsec, usage.cpuPressureFullUsec], [1, 2]);
  assert.deepEqual([usage.memoryPressureSomeUsec, usage.memoryPressureFullUsec], [3, 4]);
  assert.deepEqual([usage.ioPressureSomeUsec, usage.ioPressureFullUsec], [5, 6]);
});

Deno.test("readOomKills() counts what can have ended the job", () => {
  const kills = (files: Record<string, string>, diesAsOne: boolean, earlier = 0) => {
    using dir = new CgroupDir();
    dir.add(JOB_PATH, { "memory.events": "oom 1\noom_kill 2\noom_group_kill 1\n", ...files });
    return readOomKills(dir.fs, JOB_PATH, { diesAsOne, earlier });
  };
  const local = (oom: number, kill: number, asOne: number) => ({
    "memory.events.local": `oom ${oom}\noom_kill ${kill}\noom_group_kill ${asOne}\n`,
  });
  assert.equal(kills(local(1, 0, 1), true, 2), 2, "killed as one, however long ago");
  assert.equal(kills(local(0, 0, 0), true), 0, "in a cgroup of the job's own making");
  assert.equal(kills(local(0, 0, 0), false), 2, "from above, and not as one");
  assert.equal(kills(local(0, 2, 0), true, 2), 0, "earlier");
  assert.equal(kills({ "memory.events.local": "oom 0\noom_kill 0\n" }, true), 2, "before Linux 5.17");
  assert.equal(kills({}, true), 2, "before Linux 5.2");
});

Deno.test("readUsage() adds the refused forks of all cgroups up, where the kernel does not", () => {
  using dir = new CgroupDir();
  const refused = () => readUsage(dir.fs, JOB_PATH).pidsMaxEvents;
  dir.add(JOB_PATH, { "pids.events": "max 1\n" });
  dir.add(`${JOB_PATH}/job.scope`, { "pids.events": "max 2\n" });
  dir.add(`${JOB_PATH}/job.scope/part`, { "pids.events": "max 4\n" });
  assert.equal(refused(), 7);
  dir.put(JOB_PATH, "pids.events.local", "max 0\n");
  assert.equal(refused(), 1);
});
