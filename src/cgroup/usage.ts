/** What a job used, read from its own cgroup. A file that this kernel does not have is null, never 0. */
import { type MemorySplit, NO_SPLIT, NO_USAGE, type Sample, type Usage } from "../job/usage.ts";
import type { CgroupFs } from "./file.ts";
import {
  parseCount,
  parseFlatKeyed,
  parseIoStat,
  parseKey,
  parseMemorySplit,
  parsePressure,
  type Pressure,
} from "./parse.ts";

/** Where the files are read: everybody may look, and who owns the cgroup may also when the job has locked it (OwnedCgroup). */
export interface Readable {
  read(file: string): string | null;
  /** Of a file, for messages. */
  locate(file: string): string;
}

/** The files of any cgroup. */
export function readable(fs: CgroupFs, path: string): Readable {
  return { read: (file) => fs.readOptional(path, file), locate: (file) => fs.locate(path, file) };
}

/**
 * Counters of the cgroup at `path`, whole-job since it was made; `wallMs`, the sampled peaks and the names of devices are the caller's
 * to know, and null here. memory.peak needs Linux 5.19, memory.swap.peak 6.5, pids.peak 6.1, pressure 4.20. Throws CgroupError, ParseError.
 */
export function readUsage(fs: CgroupFs, path: string): Usage {
  const file = readable(fs, path);
  return {
    ...NO_USAGE,
    ...readCpu(file),
    ...readMemory(file),
    ...readIo(file),
    pidsPeak: count(file, "pids.peak"),
  };
}

function readCpu(file: Readable): Partial<Usage> {
  const stat = flat(file, "cpu.stat");
  const pressure = pressureOf(file, "cpu.pressure");
  return {
    cpuUsageUsec: stat.get("usage_usec") ?? null,
    cpuUserUsec: stat.get("user_usec") ?? null,
    cpuSystemUsec: stat.get("system_usec") ?? null,
    cpuPeriods: stat.get("nr_periods") ?? null,
    cpuThrottledPeriods: stat.get("nr_throttled") ?? null,
    cpuThrottledUsec: stat.get("throttled_usec") ?? null,
    cpuPressureSomeUsec: pressure?.someTotalUsec ?? null,
    cpuPressureFullUsec: pressure?.fullTotalUsec ?? null,
  };
}

function readMemory(file: Readable): Partial<Usage> {
  const events = flat(file, "memory.events");
  const pressure = pressureOf(file, "memory.pressure");
  return {
    memoryPeakBytes: count(file, "memory.peak"),
    memoryHighEvents: events.get("high") ?? null,
    memoryMaxEvents: events.get("max") ?? null,
    memoryPressureSomeUsec: pressure?.someTotalUsec ?? null,
    memoryPressureFullUsec: pressure?.fullTotalUsec ?? null,
    swapPeakBytes: count(file, "memory.swap.peak"),
    oomKills: events.get("oom_kill") ?? null,
  };
}

function readIo(file: Readable): Partial<Usage> {
  const text = file.read("io.stat");
  const devices = text === null ? null : parseIoStat(text, file.locate("io.stat"));
  // With the io controller on and nothing done, the file is empty: that is 0, not unknown.
  const sum = (figure: "readBytes" | "writtenBytes" | "readOperations" | "writeOperations") =>
    devices?.reduce((total, device) => total + device[figure], 0) ?? null;
  const pressure = pressureOf(file, "io.pressure");
  return {
    ioReadBytes: sum("readBytes"),
    ioWrittenBytes: sum("writtenBytes"),
    ioReadOperations: sum("readOperations"),
    ioWriteOperations: sum("writeOperations"),
    ioDevices: devices,
    ioPressureSomeUsec: pressure?.someTotalUsec ?? null,
    ioPressureFullUsec: pressure?.fullTotalUsec ?? null,
  };
}

/** The memory that the cgroup holds right now, by kind. Throws CgroupError, ParseError. */
export function readMemorySplit(file: Readable): MemorySplit {
  const text = file.read("memory.stat");
  return text === null ? NO_SPLIT : parseMemorySplit(text, file.locate("memory.stat"));
}

/** CPU time so far. Throws CgroupError, ParseError. */
export function readCpuUsageUsec(file: Readable): number | null {
  const text = file.read("cpu.stat");
  return text === null ? null : parseKey(text, "usage_usec", file.locate("cpu.stat"));
}

/** The cgroup at this moment. Throws CgroupError, ParseError. */
export function readSample(file: Readable, offsetMs: number): { sample: Sample; split: MemorySplit } {
  const split = readMemorySplit(file);
  const sample: Sample = {
    offsetMs,
    memoryBytes: count(file, "memory.current"),
    anonBytes: split.anonBytes,
    fileBytes: split.fileBytes,
    cpuUsageUsec: readCpuUsageUsec(file),
    tasks: count(file, "pids.current"),
  };
  return { sample, split };
}

/** How often the cgroup was slowed down or stopped for memory so far; 0 where the kernel does not say. Throws CgroupError, ParseError. */
export function readMemoryStalls(file: Readable): number {
  const text = file.read("memory.events");
  if (text === null) return 0;
  const name = file.locate("memory.events");
  return (parseKey(text, "high", name) ?? 0) + (parseKey(text, "max", name) ?? 0);
}

/** Processes of the cgroup that the kernel killed for memory (memory.events, oom_kill); null where it does not say. */
export function readOomKills(fs: CgroupFs, path: string): number | null {
  return flat(readable(fs, path), "memory.events").get("oom_kill") ?? null;
}

/** What a live job holds right now: bytes of memory and number of tasks; null where the kernel does not say. */
export function readCurrent(
  fs: CgroupFs,
  path: string,
): { memoryBytes: number | null; tasks: number | null } {
  const file = readable(fs, path);
  return { memoryBytes: count(file, "memory.current"), tasks: count(file, "pids.current") };
}

function flat(file: Readable, name: string): Map<string, number> {
  const text = file.read(name);
  return text === null ? new Map() : parseFlatKeyed(text, file.locate(name));
}

function count(file: Readable, name: string): number | null {
  const text = file.read(name);
  return text === null ? null : parseCount(text, file.locate(name));
}

function pressureOf(file: Readable, name: string): Pressure | null {
  const text = file.read(name);
  return text === null ? null : parsePressure(text);
}
