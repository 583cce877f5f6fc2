/** One sweep at a time for each store. The kernel releases the lock when its process ends, however it ends: a crashed sweep blocks no later one. */
import { refuseFifo } from "../linux/fifo.ts";
import { storeError } from "./open.ts";

/** Unlocked first: a child that is being forked has the file open too until its exec, and closing alone would leave it the lock. */
function release(file: Deno.FsFile): void {
  file.unlockSync();
  file.close();
}

/** The lock of the store's sweep (flock(2) on `directory/storeFile.sweep`), or null when another sweep has it. Throws StoreError. */
export function lockSweep(directory: string, storeFile: string): Disposable | null {
  return lockFile(lockOf(`${directory}/${storeFile}`));
}

/** Marks the lock's file of a store with the time of a sweep that is done; `path` is the store's. What cannot be marked is only not known. */
export function noteSweep(path: string, atMs: number): void {
  try {
    Deno.utimeSync(lockOf(path), atMs / 1_000, atMs / 1_000);
  } catch {
    // A read-only or full file system; the sweep has been made all the same.
  }
}

/** When the last sweep of the store was done, in milliseconds since the epoch; null where none was, or that is not known. */
export function lastSweepMs(path: string): number | null {
  try {
    return Deno.statSync(lockOf(path)).mtime?.getTime() ?? null;
  } catch {
    return null;
  }
}

const lockOf = (path: string) => `${path}.sweep`;

/** The lock of a file, which is made as needed; null when another process has it. Throws StoreError. */
export function lockFile(path: string): Disposable | null {
  try {
    refuseFifo(path);
    const file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
    if (file.tryLockSync(true)) return { [Symbol.dispose]: () => release(file) };
    file.close();
    return null;
  } catch (cause) {
    throw storeError("cannot lock", path, cause);
  }
}
