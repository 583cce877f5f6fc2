/** One sweep at a time for each store. The kernel lets the lock go when its process ends, however it ends: a crashed sweep blocks nobody. */
import { storeError } from "../store/open.ts";

/** The lock of the store's sweep (flock(2) on `directory/storeFile.sweep`), or null when another sweep has it. Throws StoreError. */
export function lockSweep(directory: string, storeFile: string): Disposable | null {
  const path = `${directory}/${storeFile}.sweep`;
  try {
    const file = Deno.openSync(path, { write: true, create: true, mode: 0o600 });
    if (file.tryLockSync(true)) return { [Symbol.dispose]: () => file.close() };
    file.close();
    return null;
  } catch (cause) {
    throw storeError("cannot lock", path, cause);
  }
}
