/** Which file system a path is on, found without a call to a file system that may not answer. */
import { readKernelText } from "../base/kernel_file.ts";

/** Types of file systems that the kernel serves by itself. Any other may stop answering: NFS, CIFS, FUSE, Lustre, 9p, autofs … */
const LOCAL_TYPES = new Set(
  ("bcachefs btrfs devtmpfs erofs exfat ext2 ext3 ext4 f2fs iso9660 jfs msdos nilfs2 ntfs3 overlay proc ramfs reiserfs " +
    "rootfs squashfs sysfs tmpfs udf ufs vfat xfs zfs").split(" "),
);
/** As many as the kernel follows. */
const MAX_LINKS = 40;

/** A mount: its ids, which directory of its file system is mounted where, and the file system's type. */
export interface Mount {
  id: string;
  parent: string;
  root: string;
  dir: string;
  type: string;
}

/** The mounts of /proc/PID/mountinfo (proc_pid_mountinfo(5)), in their order. Pure. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const [id, parent, , root, dir] = before!.split(" ");
    return dir === undefined || after === undefined ? [] : [{
      id: id!,
      parent: parent!,
      root: unescaped(root!),
      dir: unescaped(dir),
      type: after.split(" ")[0]!,
    }];
  });
}

/** Spaces, tabs and backslashes in names are octal escapes. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}

/** The target of a symlink; null for anything else, or for one that cannot be read. */
type ReadLink = (path: string) => string | null;

/**
 * True when every directory on the way to an absolute path is on a local file system. Links are followed step by step, and only on local
 * file systems: no call reaches a server that may hang.
 */
export function isLocal(path: string, mounts: readonly Mount[], readLink: ReadLink = linkAt): boolean {
  let [here, rest] = ["", path.split("/").filter((part) => part !== "")];
  if (!isLocalMount("/", mounts)) return false;
  for (let links = 0; rest.length > 0;) {
    const [part, ...further] = rest;
    rest = further;
    if (part === ".") continue;
    if (part === "..") {
      here = here.slice(0, here.lastIndexOf("/"));
      continue;
    }
    const next = `${here}/${part}`;
    if (!isLocalMount(next, mounts)) return false;
    const target = readLink(next);
    if (target === null) {
      here = next;
      continue;
    }
    if (++links > MAX_LINKS) return true;
    rest = [...target.split("/").filter((word) => word !== ""), ...rest];
    if (target.startsWith("/")) here = "";
  }
  return true;
}

/** The mount that holds this path without links: the longest; of several on one place, the last. */
function isLocalMount(path: string, mounts: readonly Mount[]): boolean {
  let held: Mount | null = null;
  for (const mount of mounts) {
    const isAbove = mount.dir === "/" || path === mount.dir || path.startsWith(`${mount.dir}/`);
    if (isAbove && mount.dir.length >= (held?.dir.length ?? 0)) held = mount;
  }
  return held === null || LOCAL_TYPES.has(held.type);
}

function linkAt(path: string): string | null {
  try {
    // Asked first, as an exception costs as much as ten answers: hardly any part of a path is a link.
    return Deno.lstatSync(path).isSymlink ? Deno.readLinkSync(path) : null;
  } catch {
    return null;
  }
}

/** The same by this process's own mounts; true where the node does not show them. */
export function isOnLocalFileSystem(path: string, procRoot = "/proc"): boolean {
  return localFileSystems(procRoot)(path);
}

/** The same for several paths. */
export function localFileSystems(procRoot = "/proc"): (path: string) => boolean {
  const mounts = ownMounts(procRoot);
  return (path) => mounts === null || isLocal(path, mounts);
}

/** A launch asks for half a dozen paths within milliseconds; parsing takes 0.5 ms here, and several where thousands are mounted. */
const FRESH_MS = 1_000;
let last: { procRoot: string; readMs: number; mounts: Mount[] | null } | null = null;

/** The mounts, read a second ago at most; null where the node does not show them. */
function ownMounts(procRoot: string): Mount[] | null {
  const nowMs = performance.now();
  if (last?.procRoot === procRoot && nowMs - last.readMs < FRESH_MS) return last.mounts;
  last = { procRoot, readMs: nowMs, mounts: readMounts(procRoot) };
  return last.mounts;
}

function readMounts(procRoot: string): Mount[] | null {
  try {
    return parseMounts(readKernelText(`${procRoot}/self/mountinfo`));
  } catch {
    return null;
  }
}
