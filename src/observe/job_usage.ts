/** The usage of a job as its cgroup shows it, with what only the node knows: the names of its devices. */
import type { CgroupFs } from "../cgroup/file.ts";
import { readUsage } from "../cgroup/usage.ts";
import { blockDeviceNames } from "../linux/block_devices.ts";
import type { Usage } from "../job/usage.ts";

/** As `readUsage`. `procRoot` is such as /proc. Throws CgroupError, ParseError. */
export function readJobUsage(fs: CgroupFs, path: string, procRoot: string): Usage {
  const usage = readUsage(fs, path);
  if (usage.ioDevices === null || usage.ioDevices.length === 0) return usage;
  const names = blockDeviceNames(procRoot);
  const ioDevices = usage.ioDevices.map((io) => ({ ...io, name: names.get(io.device) ?? null }));
  return { ...usage, ioDevices };
}
