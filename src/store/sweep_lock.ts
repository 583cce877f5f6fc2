/** One sweep at a time for each store. The kernel releases the lock when its process ends, however it ends: a crashed sweep blocks no later one. */
import { storeError } from "./open.ts";

/** Unlocked first: a child that is being forked has the file open too until its exec, and closing alone would leave it the lock. */
function release(file: Deno.FsFile): void {
  file.unlockSync();
  file.close();
}

/** The lock of the store's sweep (flock(2) on `directory/storeFile.sweep`), or null when another sweep has it. Throws StoreError. */
export function lockSweep(directory: string, storeFile: string): Disposable | null {
  return lockFile(`${directory}/${storeFile}.sweep`);
}

/** The lock of a file, which is made as needed; null when another process has it. Throws StoreError. */
export function lockFile(path: string): Disposable | null {
  try {
    const file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
    if (file.tryLockSync(true)) return { [Symbol.dispose]: () => release(file) };
    file.close();
    return null;
  } catch (cause) {
    throw storeError("cannot lock", path, cause);
  }
}
