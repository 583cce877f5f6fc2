/** A store that is read for a long time: what was opened stays readable when its file is removed, and nothing is written to it any more. */
import { statSync } from "node:fs";
import { StoreError } from "../../base/errors.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";

/** The store's file is not the one that was opened. */
class StoreGoneError extends StoreError {}

/** The file as it was at first. */
export class StoreFile {
  readonly #inode: number | null;

  /** @param path of the store; where its file system is not local it is not looked at */
  constructor(readonly path: string) {
    this.#inode = isOnLocalFileSystem(path) ? inodeOf(path) : null;
  }

  /** Throws StoreError when the file was removed, or another put in its place. */
  refuseOther(): void {
    if (this.#inode === null || inodeOf(this.path) === this.#inode) return;
    throw new StoreGoneError("was removed or replaced meanwhile", { path: this.path });
  }

  /** True for the error of refuseOther(). */
  static isGone(error: unknown): boolean {
    return error instanceof StoreGoneError;
  }
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}
