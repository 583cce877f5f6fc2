/** What a job used, read from its own cgroup. A file that this kernel does not have is null, never 0. */
import { FIGURES, type FigureSource } from "../job/figures.ts";
import {
  type IoDevice,
  type MemorySplit,
  NO_SPLIT,
  NO_USAGE,
  type Sample,
  type Usage,
} from "../job/usage.ts";
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

/** Reads a cgroup's files directly, or through OwnedCgroup, which still works after the job removed read permission. */
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
 * Counters of the cgroup at `path`, whole-job since it was made; what is its caller's to know (wall time, the sampled peaks, the names of
 * devices) is null here. Throws CgroupError, ParseError.
 */
export function readUsage(fs: CgroupFs, path: string): Usage {
  const files = new ParsedFiles(readable(fs, path), (file, field) => sumOfTree(fs, path, { file, field }));
  const figures = FIGURES.map(({ key, source }) => [key, files.figure(source)] as const);
  return { ...NO_USAGE, ...Object.fromEntries(figures), ioDevices: files.ioDevices() };
}

/** The files of one cgroup, each read and parsed once. */
class ParsedFiles {
  readonly #parsed = new Map<string, unknown>();

  constructor(readonly file: Readable, readonly ofTree: (file: string, field: string) => number | null) {}

  figure(source: FigureSource): number | null {
    switch (source.from) {
      case "flat":
        return this.#once(source.file, flat).get(source.field) ?? null;
      case "whole":
        return count(this.file, source.file);
      case "tree":
        return this.ofTree(source.file, source.field);
      case "pressure": {
        const pressure = this.#once(source.file, readPressure);
        return pressure === null ? null : pressure[`${source.field}TotalUsec`];
      }
      case "io":
        // With the io controller on and nothing done, the file is empty: that is 0, not unknown.
        return this.ioDevices()?.reduce((total, device) => total + device[source.field], 0) ?? null;
      case "samples":
      case "caller":
        return null;
    }
  }

  ioDevices(): IoDevice[] | null {
    return this.#once("io.stat", readIoDevices);
  }

  #once<T>(name: string, parse: (file: Readable, name: string) => T): T {
    if (!this.#parsed.has(name)) this.#parsed.set(name, parse(this.file, name));
    return this.#parsed.get(name) as T;
  }
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

/** How often the cgroup was slowed down or stopped for memory so far; 0 where the kernel does not report it. Throws CgroupError, ParseError. */
export function readMemoryStalls(file: Readable): number {
  const text = file.read("memory.events");
  if (text === null) return 0;
  const name = file.locate("memory.events");
  return (parseKey(text, "high", name) ?? 0) + (parseKey(text, "max", name) ?? 0);
}

/**
 * Processes of a job that the kernel killed for memory (memory.events, oom_kill), as far as that can be what ended the job; null where it
 * does not report them. Killed as one (oom_group_kill, Linux 5.17), the job ended by it, whenever that was. Without that, `earlier` kills
 * are out of the question; and where the job would have been killed as one (`diesAsOne`; systemd 252 has reset memory.oom.group by the time
 * its scope is empty), so is what happened in a cgroup of the job's own making, which memory.events.local does not count.
 */
export function readOomKills(
  fs: CgroupFs,
  path: string,
  { diesAsOne, earlier = 0 }: { diesAsOne: boolean; earlier?: number },
): number | null {
  const file = readable(fs, path);
  const kills = flat(file, "memory.events").get("oom_kill") ?? null;
  if (kills === null || kills === 0) return kills;
  const local = flat(file, "memory.events.local");
  const asOne = local.get("oom_group_kill");
  if (asOne !== undefined && asOne > 0) return kills;
  const isElsewhere = asOne === 0 && local.get("oom") === 0 && local.get("oom_kill") === 0;
  if (isElsewhere && diesAsOne) return 0;
  return Math.max(0, kills - earlier);
}

/** All of them, whatever they were. */
export function readAllOomKills(file: Readable): number {
  return flat(file, "memory.events").get("oom_kill") ?? 0;
}

/** What a live job holds right now: bytes of memory and number of tasks; null where the kernel does not report it. */
export function readCurrent(
  fs: CgroupFs,
  path: string,
): { memoryBytes: number | null; tasks: number | null } {
  const file = readable(fs, path);
  return { memoryBytes: count(file, "memory.current"), tasks: count(file, "pids.current") };
}

/** A job may make any number of cgroups. */
const TREE_CAP = 64;

function sumOfTree(
  fs: CgroupFs,
  top: string,
  { file, field }: { file: string; field: string },
): number | null {
  const own = flat(readable(fs, top), file).get(field) ?? null;
  if (own === null || fs.readOptional(top, `${file}.local`) !== null) return own;
  const paths = [top];
  let sum = own;
  for (let index = 0; index < Math.min(paths.length, TREE_CAP); index++) {
    const path = paths[index]!;
    if (index > 0) sum += flat(readable(fs, path), file).get(field) ?? 0;
    paths.push(...fs.children(path).map((child) => `${path}/${child}`));
  }
  return sum;
}

function flat(file: Readable, name: string): Map<string, number> {
  const text = file.read(name);
  return text === null ? new Map() : parseFlatKeyed(text, file.locate(name));
}

function count(file: Readable, name: string): number | null {
  const text = file.read(name);
  return text === null ? null : parseCount(text, file.locate(name));
}

/** Of an `io.stat`; null where there is none. Throws CgroupError, ParseError. */
export function readIoDevices(file: Readable, name: string): IoDevice[] | null {
  const text = file.read(name);
  return text === null ? null : parseIoStat(text, file.locate(name));
}

/** Of a file of pressure; null where there is none. Throws CgroupError. */
export function readPressure(file: Readable, name: string): Pressure | null {
  const text = file.read(name);
  return text === null ? null : parsePressure(text);
}
