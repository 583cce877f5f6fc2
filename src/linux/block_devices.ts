/** Names of the node's block devices. */
import { readKernelText } from "../base/kernel_file.ts";

/** MAJOR:MINOR to name, as /proc/partitions lists them; empty when it cannot be read. */
export function blockDeviceNames(procRoot: string): Map<string, string> {
  try {
    return parsePartitions(readKernelText(`${procRoot}/partitions`));
  } catch {
    // The number identifies the device, too.
    return new Map();
  }
}

/** The text of /proc/partitions (proc(5)): two lines of titles, then `major minor #blocks name`. */
export function parsePartitions(text: string): Map<string, string> {
  const rows = text.matchAll(/^ *(\d+) +(\d+) +\d+ (\S+)$/gm);
  return new Map([...rows].map(([, major, minor, name]) => [`${major}:${minor}`, name!]));
}
