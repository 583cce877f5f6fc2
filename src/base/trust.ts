/**
 * Only root may be able to change what root acts on: the binary of a timer, the configuration, the store. A user who can replace one of
 * them is root at the next sweep. Every check of that kind is here.
 */
import { lstatSync } from "node:fs";
import { SetupError } from "./errors.ts";
import { quoted } from "./text.ts";

/** A file, directory or symbolic link, with what decides who can change it. */
export interface PathOwner {
  path: string;
  uid: number;
  /** All bits of st_mode. */
  mode: number;
}

/** Something that root would act on can be changed by another user. */
export class TrustError extends SetupError {}

const TYPE_BITS = 0o170000;
const IS_SYMLINK = 0o120000;
const IS_DEVICE = 0o020000;
const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;
/** The kernel's own cap on links in one path (path_resolution(7)). */
const MAX_LINKS = 40;

/** What is checked, in words, and how the path has to be protected. */
export interface Protection {
  /** The path's role, such as "the binary". */
  what: string;
  /** As it was named: links may lead elsewhere from there. */
  path: string;
  /** How to put it right when a directory above it is the cause. */
  remedy: string;
  /** False for what is named for good: a sticky directory's cleaner removes a file, and the next user makes it anew. */
  mayBeInSticky: boolean;
}

/** Throws TrustError for the first of a path's parts, as ownersOf() gives them, that another user can change. */
export function refuseChangeable(
  { what, path, remedy, mayBeInSticky }: Protection,
  parts: readonly PathOwner[],
): void {
  const [leaf] = parts;
  if (leaf === undefined) return;
  const isOwn = ownerCheck();
  for (const part of parts) {
    const why = isOwn(part.uid)
      ? writableBy(part, mayBeInSticky && part !== leaf)
      : `belongs to uid ${part.uid}`;
    if (why === null) continue;
    const canBeFixed = part === leaf && !isType(part, IS_SYMLINK);
    throw new TrustError(
      `${what} ${quoted(path, 400)} can be changed by others than root: ${quoted(part.path, 400)} ${why}`,
      canBeFixed ? `chown root ${part.path} && chmod go-w ${part.path}` : remedy,
    );
  }
}

function writableBy(part: PathOwner, stickyIsFine: boolean): string | null {
  if ((part.mode & WRITABLE_BY_OTHERS) === 0 || isType(part, IS_SYMLINK) || isType(part, IS_DEVICE)) {
    return null;
  }
  if (stickyIsFine && (part.mode & STICKY) !== 0) return null;
  return `can be written by others (mode ${(part.mode & 0o7777).toString(8)})`;
}

function isType({ mode }: PathOwner, type: number): boolean {
  return (mode & TYPE_BITS) === type;
}

/**
 * The file, every directory above it and every symbolic link on the way, the file first. Of a path whose end does not exist: what does.
 */
export function ownersOf(path: string): PathOwner[] {
  const found: PathOwner[] = [];
  const add = (path: string) => {
    const { uid, mode, isSymlink } = Deno.lstatSync(path);
    found.unshift({ path, uid: uid ?? 0, mode: mode ?? 0 });
    return isSymlink;
  };
  add("/");
  let here = "";
  let links = 0;
  for (let pending = wordsOf(path); pending.length > 0;) {
    const name = pending.shift()!;
    if (name === "..") here = here.slice(0, Math.max(0, here.lastIndexOf("/")));
    if (name === "." || name === "..") continue;
    try {
      if (!add(`${here}/${name}`)) {
        here = `${here}/${name}`;
        continue;
      }
    } catch {
      // Missing, or not to be looked at by root either (a root-squashed mount): the use that follows gives the error.
      return found;
    }
    if (++links > MAX_LINKS) return found;
    const target = Deno.readLinkSync(`${here}/${name}`);
    if (target.startsWith("/")) here = "";
    pending = [...wordsOf(target), ...pending];
  }
  return found;
}

/** True when anything is at the path, were it a link to nothing; false where that cannot be looked at. */
export function isAnythingAt(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function wordsOf(path: string): string[] {
  return path.split("/").filter((word) => word !== "");
}

/**
 * Root and the process's own user. In a user namespace also the number that stands for all users outside: its root is not the node's, and
 * cannot tell them apart.
 */
function ownerCheck(): (uid: number) => boolean {
  const own = Deno.uid();
  return (uid) => uid === 0 || uid === own || uid === OVERFLOW_UID && !isMapped(uid);
}

const OVERFLOW_UID = 65534;

/** True when the uid is one of this process's user namespace (user_namespaces(7)). */
function isMapped(uid: number): boolean {
  try {
    return Deno.readTextFileSync("/proc/self/uid_map").trim().split("\n").some((line) => {
      const [inside, , count] = line.trim().split(/\s+/).map(Number);
      return uid >= inside! && uid < inside! + count!;
    });
  } catch {
    return true;
  }
}
