/** Facts about the node itself, for reports. */
import { readKernelText } from "../base/kernel_file.ts";

/** CPUs that are online (proc_stat(5)): what the node has, whatever a quota or affinity leaves to corral. Null where /proc does not show it. */
export function onlineCpus(procRoot: string): number | null {
  const count = read(procRoot, "stat")?.match(/^cpu\d+ /gm)?.length ?? 0;
  return count === 0 ? null : count;
}

/** The node's name; null where /proc does not show it. */
export function hostName(procRoot: string): string | null {
  return read(procRoot, "sys/kernel/hostname")?.trim() || null;
}

/** Of the kernel, its first two numbers; null where /proc does not show it. */
export function kernelRelease(procRoot: string): string | null {
  return /^\d+\.\d+/.exec(read(procRoot, "sys/kernel/osrelease") ?? "")?.[0] ?? null;
}

function read(procRoot: string, file: string): string | null {
  try {
    return readKernelText(`${procRoot}/${file}`);
  } catch {
    return null;
  }
}
