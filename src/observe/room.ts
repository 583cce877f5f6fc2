/** What the node has for more jobs: its memory, and whether it stalls for it. */
import { readKernelText } from "../base/kernel_file.ts";
import { parsePressure } from "../cgroup/parse.ts";
import type { CgroupFs } from "../cgroup/file.ts";
import { readCurrent } from "../cgroup/usage.ts";
import type { Procs } from "../linux/proc.ts";
import type { NodeRoom } from "../queue/admit.ts";

/** What cannot be read is unknown, and keeps no job waiting. */
export function readRoom({ root }: Pick<Procs, "root">): NodeRoom {
  const meminfo = read(`${root}/meminfo`);
  return {
    memoryTotalBytes: bytesIn(meminfo, "MemTotal"),
    memoryAvailableBytes: bytesIn(meminfo, "MemAvailable"),
    memoryPressurePercent: pressurePercent({ root }, "memory"),
  };
}

/** Share of the last 10 s in which some task of the node waited for it; null where that is not known. */
export function pressurePercent(
  { root }: Pick<Procs, "root">,
  resource: "cpu" | "memory" | "io",
): number | null {
  return parsePressure(read(`${root}/pressure/${resource}`))?.someAvg10Percent ?? null;
}

/** All memory of the node, in bytes; null where that is not known. */
export function memoryTotalBytes({ root }: Pick<Procs, "root">): number | null {
  return bytesIn(read(`${root}/meminfo`), "MemTotal");
}

/** A row of /proc/meminfo (proc(5)). */
function bytesIn(meminfo: string, name: string): number | null {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

function read(path: string): string {
  try {
    return readKernelText(path);
  } catch {
    return "";
  }
}

/** What a job uses now, in bytes; null where that is not known. */
export function currentBytes(fs: CgroupFs, cgroupPath: string | null): number | null {
  if (cgroupPath === null) return null;
  try {
    return readCurrent(fs, cgroupPath).memoryBytes;
  } catch {
    return null;
  }
}
