/**
 * The file of a receipt. It is there whole or not at all: written aside, in the same directory, and renamed. What an earlier run has left
 * is removed before the job starts. The directory is held by a descriptor, and must be the one that the job was started with: a user's
 * path must not lead root elsewhere meanwhile.
 */
import { basename, dirname } from "node:path";
import { withDirectory } from "../../linux/long_path.ts";
import type { ReceiptPlace } from "../../job/receipt_place.ts";

type FilePlace = Extract<ReceiptPlace, { device: number }>;

/** Begins the name of what is written aside; the name of the receipt itself may be as long as names can be. */
const ASIDE = ".corral-receipt-";
/** The kernel's own cap on links in one path (path_resolution(7)). */
const MAX_LINKS = 40;

/** Removes what an earlier run has left at an absolute path, and tries out that a receipt can be written. Throws Error when it cannot. */
export function prepareReceipt(given: string): FilePlace {
  const path = withoutLinks(given);
  const found = lookAt(path, isOfTheKernel(path) ? Deno.statSync : Deno.lstatSync);
  if (found?.isDirectory) throw new TypeError("Is a directory");
  if (found?.isFifo) throw new TypeError("it is a fifo, which may never have a reader");
  if (found !== null && (!found.isFile || isOfTheKernel(path))) return inPlace(path, { truncate: false });
  try {
    if (found !== null) Deno.removeSync(path);
  } catch {
    return inPlace(path, { truncate: true });
  }
  return withDirectory(dirname(path), (directory) => {
    const aside = `${directory}/${asideName()}`;
    Deno.openSync(aside, { write: true, createNew: true }).close();
    Deno.removeSync(aside);
    return { how: "renamed", path, ...identityOf(Deno.statSync(directory)) };
  });
}

/** Removes the receipt of an earlier run, if `isEarlier` agrees; what else lies there stays, and so does what cannot be removed. */
export function removeEarlierReceipt(given: string, isEarlier: (path: string) => boolean = () => true): void {
  try {
    const path = withoutLinks(given);
    if (!isOfTheKernel(path) && lookAt(path)?.isFile && isEarlier(path)) Deno.removeSync(path);
  } catch {
    // The launch gives the reason.
  }
}

/**
 * Writes the receipt. `late`: not the supervisor does, perhaps long after the end; what lies there by then is another's, or is written
 * already. Throws Error.
 */
export function writeReceiptFile(place: FilePlace, text: string, { late }: { late: boolean }): void {
  const bytes = new TextEncoder().encode(text.endsWith("\n") ? text : `${text}\n`);
  if (place.how === "in-place") return writeInPlace(place, bytes, late);
  withDirectory(dirname(place.path), (directory) => {
    if (!isSame(Deno.statSync(directory), place)) {
      throw new TypeError("its directory is not the one that the job was started with");
    }
    const target = `${directory}/${basename(place.path)}`;
    const found = lookAt(target);
    if (found !== null && late) return;
    if (found?.isFifo) throw new TypeError("it is a fifo now");
    writeAside(directory, target, bytes);
  });
}

function writeAside(directory: string, target: string, bytes: Uint8Array): void {
  const aside = `${directory}/${asideName()}`;
  const file = Deno.openSync(aside, { write: true, createNew: true });
  try {
    writeAll(file, bytes);
    Deno.renameSync(aside, target);
  } catch (error) {
    Deno.removeSync(aside);
    throw error;
  }
}

function writeInPlace(place: FilePlace, bytes: Uint8Array, late: boolean): void {
  // Looked at before it is opened: a FIFO that has come to lie there would hold up the open.
  if (!isSame(Deno.statSync(place.path), place)) throw new TypeError("another file lies there now");
  const file = Deno.openSync(place.path, { write: true, append: true });
  const now = file.statSync();
  if (!isSame(now, place) || late && (!now.isFile || now.size > 0)) return file.close();
  writeAll(file, bytes);
}

function inPlace(path: string, { truncate }: { truncate: boolean }): FilePlace {
  using file = Deno.openSync(path, truncate ? { write: true, truncate } : { write: true, append: true });
  return { how: "in-place", path, ...identityOf(file.statSync()) };
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  using closing = file;
  for (let done = 0; done < bytes.length;) done += closing.writeSync(bytes.subarray(done));
}

/** Where it is in fact: a rename replaces a link instead of following it. Throws for a link of another user, and for what is no file's path. */
function withoutLinks(path: string): string {
  let here = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    if (here.endsWith("/")) throw new TypeError("Is a directory");
    here = `${Deno.realPathSync(dirname(here)).replace(/\/$/, "")}/${basename(here)}`;
    const found = isOfTheKernel(here) ? null : lookAt(here);
    if (!found?.isSymlink) return here;
    if (![0, Deno.uid()].includes(found.uid ?? 0)) {
      throw new TypeError("it is a symbolic link of another user");
    }
    const target = Deno.readLinkSync(here);
    here = target.startsWith("/") ? target : `${dirname(here)}/${target}`;
  }
  throw new TypeError("Too many levels of symbolic links");
}

/** What is in /dev and /proc stands for something else, such as the caller's own output: it is neither removed nor emptied. */
function isOfTheKernel(path: string): boolean {
  return /^\/(dev(?!\/shm\/)|proc)\//.test(path);
}

function lookAt(path: string, look = Deno.lstatSync): Deno.FileInfo | null {
  try {
    return look(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function identityOf({ dev, ino }: Deno.FileInfo): { device: number; inode: number } {
  return { device: dev, inode: ino ?? 0 };
}

function isSame({ dev, ino }: Deno.FileInfo, { device, inode }: FilePlace): boolean {
  return dev === device && ino === inode;
}

function asideName(): string {
  return ASIDE + crypto.randomUUID().slice(0, 8);
}
