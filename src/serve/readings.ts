/**
 * What the cgroups of live jobs show, for a look every two seconds at a thousand of them. Memory and CPU time are read each time; what costs
 * more, and changes less, in turns.
 */
import { readEventsAt } from "../cgroup/events.ts";
import type { CgroupFs } from "../cgroup/file.ts";
import { parseCount, parseIoStat, parseMemorySplit } from "../cgroup/parse.ts";
import { readable, readCpuUsageUsec } from "../cgroup/usage.ts";
import type { Job } from "../job/job.ts";
import type { MemorySplit } from "../job/usage.ts";
import { lookAtJob, type Own } from "../observe/live.ts";
import type { Node } from "../observe/node.ts";

/** Jobs of which everything is read at each look; of more, a share is. */
const WHOLE_AT_ONCE = 100;

/** Read in turns; rates are those between two turns. */
interface Slow {
  bootMs: number;
  memoryPeakBytes: number | null;
  split: MemorySplit | null;
  readBytes: number | null;
  writtenBytes: number | null;
  readBytesPerSec: number | null;
  writtenBytesPerSec: number | null;
  processes: number | null;
  isFrozen: boolean;
  isSupervised: boolean;
}

/** Of one job; null where the kernel shows nothing. */
export interface Reading extends Omit<Slow, "bootMs" | "readBytes" | "writtenBytes"> {
  memoryBytes: number | null;
  cpuUsageUsec: number | null;
  /** Since the look before. */
  cpuCores: number | null;
}

interface Known {
  bootMs: number;
  cpuUsageUsec: number | null;
  slow: Slow | null;
}

const NOTHING: Slow = {
  bootMs: 0,
  memoryPeakBytes: null,
  split: null,
  readBytes: null,
  writtenBytes: null,
  readBytesPerSec: null,
  writtenBytesPerSec: null,
  processes: null,
  isFrozen: false,
  isSupervised: true,
};

/** Keeps what the look before read: rates are differences. */
export class Readings {
  #known = new Map<string, Known>();
  #turn = 0;

  constructor(readonly node: Node) {}

  /** By the keys of the jobs; a job that cannot be read has no reading. */
  read(jobs: ReadonlyMap<string, Job>): Map<string, Reading> {
    const found = new Map<string, Reading>();
    const known = new Map<string, Known>();
    const turns = Math.max(1, Math.ceil(jobs.size / WHOLE_AT_ONCE));
    this.#turn++;
    let index = 0;
    for (const [key, job] of jobs) {
      const before = this.#known.get(key) ?? null;
      const isTurn = (index++ + this.#turn) % turns === 0 || before === null;
      const read = lookAtJob(this.node, job, (fs, own) => this.#readOne(fs, own, { job, before, isTurn }));
      if (read === null) continue;
      found.set(key, read.reading);
      known.set(key, read.known);
    }
    this.#known = known;
    return found;
  }

  #readOne(
    fs: CgroupFs,
    own: Own,
    { job, before, isTurn }: { job: Job; before: Known | null; isTurn: boolean },
  ): { reading: Reading; known: Known } {
    const bootMs = this.node.clock.bootMs();
    const cpuUsageUsec = readCpuUsageUsec(readable(fs, own.path));
    const slow = isTurn || before?.slow == null
      ? this.#readSlow(fs, own, { job, before: before?.slow ?? null })
      : before.slow;
    const memoryBytes = countIn(fs, own.path, "memory.current");
    const cpuCores = rate(cpuUsageUsec, before?.cpuUsageUsec ?? null, bootMs - (before?.bootMs ?? bootMs));
    const { bootMs: _, readBytes: __, writtenBytes: ___, ...shown } = slow;
    return {
      reading: {
        ...shown,
        memoryBytes,
        cpuUsageUsec,
        // Microseconds a second to cores.
        cpuCores: cpuCores === null ? null : Math.round(cpuCores / 10_000) / 100,
      },
      known: { bootMs, cpuUsageUsec, slow },
    };
  }

  #readSlow(fs: CgroupFs, own: Own, { job, before }: { job: Job; before: Slow | null }): Slow {
    const { clock, procs } = this.node;
    const bootMs = clock.bootMs();
    const { readBytes, writtenBytes } = ioOf(fs, own.path);
    const spanMs = bootMs - (before?.bootMs ?? bootMs);
    const stat = fs.readOptional(own.path, "memory.stat");
    const supervisor = job.watch?.supervisor ?? null;
    return {
      ...NOTHING,
      bootMs,
      memoryPeakBytes: countIn(fs, own.path, "memory.peak"),
      split: stat === null ? null : parseMemorySplit(stat, fs.locate(own.path, "memory.stat")),
      readBytes,
      writtenBytes,
      readBytesPerSec: rounded(rate(readBytes, before?.readBytes ?? null, spanMs)),
      writtenBytesPerSec: rounded(rate(writtenBytes, before?.writtenBytes ?? null, spanMs)),
      processes: fs.own(own, own.id).pids().length,
      isFrozen: readEventsAt(fs, own.path).frozen,
      isSupervised: supervisor === null || procs.liveness(supervisor, clock.bootId()) !== "gone",
    };
  }
}

/** A second's worth of the difference; null where one of the two is unknown, or no time has passed. */
export function rate(now: number | null, before: number | null, spanMs: number): number | null {
  if (now === null || before === null || spanMs <= 0 || now < before) return null;
  return (now - before) * 1000 / spanMs;
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

function countIn(fs: CgroupFs, path: string, file: string): number | null {
  const text = fs.readOptional(path, file);
  return text === null ? null : parseCount(text, fs.locate(path, file));
}

/** Of all devices. With the controller on and nothing done, the file is empty: that is 0, not unknown. */
export function ioOf(fs: CgroupFs, path: string): { readBytes: number | null; writtenBytes: number | null } {
  const text = fs.readOptional(path, "io.stat");
  if (text === null) return { readBytes: null, writtenBytes: null };
  const devices = parseIoStat(text, fs.locate(path, "io.stat"));
  const sum = (key: "readBytes" | "writtenBytes") => devices.reduce((all, device) => all + device[key], 0);
  return { readBytes: sum("readBytes"), writtenBytes: sum("writtenBytes") };
}

/** Without the pages of files, which the kernel takes back before it kills; those of tmpfs are no such pages. */
export function heldOf(reading: Reading | null): number | null {
  const { memoryBytes = null, split = null } = reading ?? {};
  if (memoryBytes === null) return null;
  const file = (split?.fileBytes ?? 0) - (split?.shmemBytes ?? 0);
  return Math.max(0, memoryBytes - Math.max(0, file));
}
