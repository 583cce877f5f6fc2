/** Directories in a place where every user can make one. */
import { StoreError } from "../base/errors.ts";

/** Root's own: others may pass to the users' stores in it, and not look. */
export const ROOT_STATE_DIR = "/var/lib/corral";

/** The mode in which a directory for a store is made. */
export function stateDirMode(directory: string): number {
  return directory === ROOT_STATE_DIR ? 0o711 : 0o700;
}

const OTHERS = 0o077;

/** What is at the path: `own` is a directory of the user's alone, `foreign` anything else. */
export function privateDirState(path: string, uid: number): "own" | "foreign" | "missing" {
  try {
    const info = Deno.lstatSync(path);
    return info.isDirectory && info.uid === uid && ((info.mode ?? OTHERS) & OTHERS) === 0 ? "own" : "foreign";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "missing" : "foreign";
  }
}

/** Makes the directory (0700) where it is missing. Throws StoreError for one that is not the user's own, or that others may enter. */
export function ensurePrivateDir(path: string, uid: number): void {
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
  } catch {
    // It is there, or it cannot be made: the look decides.
  }
  const state = privateDirState(path, uid);
  if (state === "own") return;
  throw new StoreError(state === "missing" ? "cannot be made" : "is not a directory of yours alone", {
    path,
    remedy: "give --state-dir, or have root look at it",
  });
}
