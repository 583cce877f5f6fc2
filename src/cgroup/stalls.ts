/** What kept a cgroup's tasks from running, and how often it used a disk: read from its own files. A file that this kernel does not have is null. */
import { parseKey } from "./parse.ts";
import { type Readable, readIoDevices, readPressure } from "./usage.ts";

/** Microseconds since the cgroup was made. */
export interface Stalls {
  /** In which some task waited for a CPU, or was throttled by a quota. */
  cpuWaitUsec: number | null;
  /** In which no task could run, for CPU, memory and IO together. */
  stalledUsec: number | null;
}

/** Throws CgroupError, ParseError. */
export function readStalls(file: Readable): Stalls {
  const cpu = readPressure(file, "cpu.pressure");
  const throttledUsec = throttled(file);
  const full = ["memory.pressure", "io.pressure"].map((name) =>
    readPressure(file, name)?.fullTotalUsec ?? null
  );
  // Before Linux 5.13 there is no "full" of the CPU: a throttled cgroup is stalled as a whole.
  return {
    cpuWaitUsec: sum([cpu?.someTotalUsec ?? null, throttledUsec]),
    stalledUsec: sum([cpu?.fullTotalUsec ?? throttledUsec, ...full]),
  };
}

/** Reads and writes of block devices; null without the controller. Throws CgroupError, ParseError. */
export function readIoOperations(file: Readable): number | null {
  const devices = readIoDevices(file, "io.stat");
  if (devices === null) return null;
  return devices.reduce(
    (total, { readOperations, writeOperations }) => total + readOperations + writeOperations,
    0,
  );
}

function throttled(file: Readable): number | null {
  const text = file.read("cpu.stat");
  return text === null ? null : parseKey(text, "throttled_usec", file.locate("cpu.stat"));
}

/** Null where nothing of it is known. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}
