/**
 * Which processes hold a GPU: by the descriptors of its device nodes, without any library of a vendor's.
 *
 * - The text of a link in /proc/PID/fd is what the process chose: a file may be called anything, and any node may lie anywhere in a
 *   mount namespace. It only decides which descriptors are looked at; the device number decides, against the nodes in the node's own /dev,
 *   which root alone makes. A container that calls /dev/nvidia3 its /dev/nvidia0 holds nvidia3.
 * - `/dev/nvidiactl`, `-uvm` and `-modeset` alone do not count: they are open in whatever has only asked the driver (nvidia-smi, a
 *   monitor), name no card and keep none busy. A process that computes has the card's own node open too.
 * - What holds a card by a mapping alone, its descriptor closed, is not seen.
 */
import { boundedReads } from "../base/bounded_read.ts";
import type { Procs } from "./proc.ts";

/** Where nodes of GPUs lie in /dev, and what they are called there. */
const PLACES: readonly { readonly directory: string; readonly name: RegExp }[] = [
  { directory: "", name: /^(nvidia\d+|kfd)$/ },
  { directory: "/nvidia-caps", name: /^nvidia-cap\d+$/ },
  { directory: "/dri", name: /^renderD\d+$/ },
];
/** udev may have made the node anew while it was held. */
const CALLED_SO = /\/(nvidia\d+|kfd|nvidia-cap\d+|renderD\d+)( \(deleted\))?$/;

/** One look at descriptors. */
export interface GpuLook {
  /** Names of the nodes that a process holds (`nvidia0`), in order; none when it is gone, or another user's that may not be looked at. */
  heldBy(pid: number): Promise<string[]>;
}

/** Null where the node has no GPU: then nothing need be looked at. `dev` is /dev. */
export function lookAtGpus(procs: Procs, dev: string): GpuLook | null {
  const names = nodesIn(dev);
  if (names.size === 0) return null;
  return {
    heldBy: async (pid) => {
      const own = descriptorsIn(`${procs.root}/${pid}`);
      const instead = own.length === 0 ? procs.threadInPlaceOfMain(pid) : null;
      const paths = instead === null ? own : descriptorsIn(instead);
      const held = await Promise.all(
        paths.filter(isCalledSo).map(async (path) => names.get(await deviceAt(path) ?? -1)),
      );
      return [...new Set(held.filter((name) => name !== undefined))].sort(byNumber);
    },
  };
}

/** Orders names of nodes. */
export function byNumber(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

/** The names of the nodes by their device numbers. */
function nodesIn(dev: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const { directory, name } of PLACES) {
    for (const entry of namesIn(`${dev}${directory}`).filter((one) => name.test(one))) {
      const number = deviceOf(() => Deno.statSync(`${dev}${directory}/${entry}`));
      if (number !== null) found.set(number, entry);
    }
  }
  return found;
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function descriptorsIn(process: string): string[] {
  return namesIn(`${process}/fd`).map((name) => `${process}/fd/${name}`);
}

/** Reading the link asks no file system. */
function isCalledSo(path: string): boolean {
  try {
    return CALLED_SO.test(Deno.readLinkSync(path));
  } catch {
    return false;
  }
}

/** With a cap: the file may lie on a file system that does not answer. */
async function deviceAt(path: string): Promise<number | null> {
  try {
    const info = await boundedReads.run(() => Deno.stat(path));
    return info === null ? null : deviceOf(() => info);
  } catch {
    return null;
  }
}

/** Null for what is no character device. */
function deviceOf(stat: () => Deno.FileInfo): number | null {
  try {
    const { isCharDevice, rdev } = stat();
    return isCharDevice ? rdev : null;
  } catch {
    return null;
  }
}
