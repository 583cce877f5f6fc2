/** Complete jobs for tests, in which only what a test is about has to be said. */
import {
  type Job,
  type JobSpec,
  NO_LIMITS,
  type Phase,
  type QueueFacts,
  type RunningFacts,
  type Watch,
} from "../../../src/job/job.ts";
import type { Sample, Usage } from "../../../src/job/usage.ts";
import type { Moment } from "../../../src/job/events.ts";

export const BOOT_ID = "6b1e2f0c-7a44-4c1a-9d53-0a1c5e1f7b11";
export const JOB_ID = "7k2m9q";

/** A moment at which an ending is claimed. */
export const momentAt = (wallMs: number): Moment => ({ wallMs, bootMs: 9_002_000 });

type Ended = Extract<Phase, { state: "ended" }>;

export function specOf(changes: Partial<JobSpec> = {}): JobSpec {
  return {
    id: JOB_ID,
    name: "fastsurfer",
    ref: null,
    tags: {},
    argv: ["sleep", "1000"],
    user: "alice",
    uid: 1000,
    cwd: "/home/alice",
    limits: NO_LIMITS,
    timeoutMs: null,
    cpuTimeMs: null,
    graceMs: 2_000,
    signal: "TERM",
    createdAtMs: 1_793_520_000_123,
    adopted: false,
    ...changes,
  };
}

export function watchOf(changes: Partial<Watch> = {}): Watch {
  return { supervisor: { pid: 4700, startTicks: 900_000, bootId: BOOT_ID }, backend: "cgroupfs", ...changes };
}

export function runOf(changes: Partial<RunningFacts> = {}): RunningFacts {
  return {
    pid: 4711,
    startTicks: 900_100,
    pgid: 4711,
    cgroup: { path: `/corral/${JOB_ID}`, inode: 4242 },
    startedAtMs: 1_793_520_000_200,
    startedBootMs: 9_001_000,
    deadlineBootMs: null,
    ...changes,
  };
}

/** Of a job that waits. */
export const QUEUE_FACTS: QueueFacts = {
  queuedBootMs: 9_000_000,
  bootId: BOOT_ID,
  admittedBootMs: null,
  failedStarts: 0,
  passedBy: 0,
  waiter: null,
};

export const USAGE: Usage = {
  wallMs: 61_000,
  cpuUsageUsec: 120_000_000,
  cpuUserUsec: 100_000_000,
  cpuSystemUsec: 20_000_000,
  cpuPeriods: 600,
  cpuThrottledPeriods: 12,
  cpuThrottledUsec: 340_000,
  cpuPressureSomeUsec: 4_100_000,
  cpuPressureFullUsec: 700_000,
  memoryPeakBytes: 25 * 2 ** 30,
  memoryAnonPeakBytes: 20 * 2 ** 30,
  memoryFilePeakBytes: 5 * 2 ** 30,
  memoryShmemPeakBytes: 3 * 2 ** 20,
  memorySlabPeakBytes: 12 * 2 ** 20,
  memoryHighEvents: 41,
  memoryMaxEvents: 7,
  memoryOomEvents: 2,
  memoryPressureSomeUsec: 2_200_000,
  memoryPressureFullUsec: 1_300_000,
  swapPeakBytes: 4096,
  oomKills: 1,
  ioReadBytes: 7_000_000_000,
  ioWrittenBytes: 8192,
  ioReadOperations: 7_100,
  ioWriteOperations: 2,
  ioDevices: [
    {
      device: "8:0",
      name: "sda",
      readBytes: 7_000_000_000,
      writtenBytes: 0,
      readOperations: 7_100,
      writeOperations: 0,
    },
    { device: "259:1", name: null, readBytes: 0, writtenBytes: 8192, readOperations: 0, writeOperations: 2 },
  ],
  ioPressureSomeUsec: 5_500_000,
  ioPressureFullUsec: 5_400_000,
  pidsPeak: 33,
  pidsMaxEvents: 0,
};

/** A course that grows by 1 MiB and half a core's second in each of so many seconds. */
export function risingSamples(count: number): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    offsetMs: index * 1000,
    memoryBytes: (index + 1) * 2 ** 20,
    anonBytes: index * 2 ** 20,
    fileBytes: 2 ** 20,
    cpuUsageUsec: index * 500_000,
    tasks: index + 1,
  }));
}

export function endedPhase(changes: Partial<Ended> = {}): Ended {
  return {
    state: "ended",
    run: runOf(),
    reason: "exited",
    trigger: "exited",
    exit: { code: 0, signal: null },
    endedAtMs: 1_793_520_061_200,
    usage: USAGE,
    survivors: [],
    ...changes,
  };
}

export function jobIn(phase: Phase, changes: Partial<JobSpec> = {}, watch: Partial<Watch> = {}): Job {
  return { spec: specOf(changes), watch: watchOf(watch), phase };
}

export const runningJob = (changes: Partial<RunningFacts> = {}): Job =>
  jobIn({ state: "running", run: runOf(changes) });
