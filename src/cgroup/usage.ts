/** What a job used, read from its own cgroup. A file that this kernel does not have is null, never 0. */
import type { Usage } from "../job/job.ts";
import type { CgroupFs } from "./file.ts";
import { parseCount, parseFlatKeyed, parseIoStat } from "./parse.ts";

/**
 * Counters of the cgroup at `path`, whole-job since it was made; `wallMs` is the caller's to know and null here.
 * memory.peak needs Linux 5.19, memory.swap.peak 6.5, pids.peak 6.1. Throws CgroupError, ParseError.
 */
export function readUsage(fs: CgroupFs, path: string): Usage {
  const flat = (file: string) => {
    const text = fs.readOptional(path, file);
    return text === null ? new Map<string, number>() : parseFlatKeyed(text, fs.locate(path, file));
  };
  const count = (file: string) => {
    const text = fs.readOptional(path, file);
    return text === null ? null : parseCount(text, fs.locate(path, file));
  };
  const cpu = flat("cpu.stat");
  const ioText = fs.readOptional(path, "io.stat");
  const io = ioText === null ? null : parseIoStat(ioText, fs.locate(path, "io.stat"));
  return {
    wallMs: null,
    cpuUsageUsec: cpu.get("usage_usec") ?? null,
    cpuUserUsec: cpu.get("user_usec") ?? null,
    cpuSystemUsec: cpu.get("system_usec") ?? null,
    cpuPeriods: cpu.get("nr_periods") ?? null,
    cpuThrottledPeriods: cpu.get("nr_throttled") ?? null,
    cpuThrottledUsec: cpu.get("throttled_usec") ?? null,
    memoryPeakBytes: count("memory.peak"),
    swapPeakBytes: count("memory.swap.peak"),
    oomKills: readOomKills(fs, path),
    // With the io controller on and nothing done, the file is empty: that is 0, not unknown.
    ioReadBytes: ioText === null ? null : io?.readBytes ?? 0,
    ioWrittenBytes: ioText === null ? null : io?.writtenBytes ?? 0,
    pidsPeak: count("pids.peak"),
  };
}

/** Processes of the cgroup that the kernel killed for memory (memory.events, oom_kill); null where it does not say. */
export function readOomKills(fs: CgroupFs, path: string): number | null {
  const text = fs.readOptional(path, "memory.events");
  return text === null
    ? null
    : parseFlatKeyed(text, fs.locate(path, "memory.events")).get("oom_kill") ?? null;
}

/** What a live job holds right now: bytes of memory and number of tasks; null where the kernel does not say. */
export function readCurrent(
  fs: CgroupFs,
  path: string,
): { memoryBytes: number | null; tasks: number | null } {
  const count = (file: string) => {
    const text = fs.readOptional(path, file);
    return text === null ? null : parseCount(text, fs.locate(path, file));
  };
  return { memoryBytes: count("memory.current"), tasks: count("pids.current") };
}
