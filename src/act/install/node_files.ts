/** Reads, writes and removes the files of an installation on the node. */
import { dirname } from "node:path";
import { PathError } from "../../base/errors.ts";
import { isMissing } from "../../base/missing.ts";
import type { FileState } from "./plan.ts";
import { isMarked } from "./record.ts";

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** Describes the entry at the path without following a link; null when there is none. Throws PathError. */
export function fileState(path: string): FileState | null {
  return unlessMissing("cannot look at it", path, () => {
    const info = Deno.lstatSync(path);
    if (info.isSymlink) return { is: Deno.readLinkSync(path) === "/dev/null" ? "masked" : "foreign" };
    if (!info.isFile) return { is: "foreign" };
    const text = Deno.readTextFileSync(path);
    return isMarked(text) ? { is: "ours", text } : { is: "foreign" };
  });
}

/** Returns the path without symbolic links; null when nothing exists there. Throws PathError. */
export function realPath(path: string): string | null {
  return unlessMissing("cannot look at it", path, () => Deno.realPathSync(path));
}

/** Lists the names in the directory, sorted; empty when the directory does not exist. Throws PathError. */
export function namesIn(directory: string): string[] {
  return unlessMissing("cannot list", directory, () => [...Deno.readDirSync(directory)])
    ?.map(({ name }) => name).toSorted() ?? [];
}

/** Lists the directories above these paths that do not exist, from the top down. */
export function missingDirectories(paths: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const path of paths) {
    for (let directory = dirname(path); isMissing(directory); directory = dirname(directory)) {
      missing.add(directory);
    }
  }
  return [...missing].toSorted((a, b) => a.length - b.length);
}

/**
 * Writes the file and the directories that it needs. The file appears whole or not at all, and replaces an entry at the path, which is not
 * followed. `forAll` makes it readable to all users, regardless of the umask. Throws PathError.
 */
export function writeFile(path: string, text: string, { forAll }: { forAll: boolean }): void {
  const partial = `${dirname(path)}/.${crypto.randomUUID()}`;
  try {
    for (const directory of missingDirectories([path])) {
      Deno.mkdirSync(directory, { mode: DIRECTORY_MODE });
      if (forAll) Deno.chmodSync(directory, DIRECTORY_MODE);
    }
    Deno.writeTextFileSync(partial, text, { createNew: true, mode: FILE_MODE });
    if (forAll) Deno.chmodSync(partial, FILE_MODE);
    Deno.renameSync(partial, path);
  } catch (cause) {
    unlessMissing("cannot remove", partial, () => Deno.removeSync(partial));
    throw new PathError("cannot write", { path, cause });
  }
}

/** Removes the file; false when there was none. Throws PathError. */
export function removeFile(path: string): boolean {
  return unlessMissing("cannot remove", path, () => {
    Deno.removeSync(path);
    return true;
  }) ?? false;
}

/** Removes the directory; false when it does not exist or is not empty. */
export function removeEmptyDirectory(path: string): boolean {
  try {
    // rmdir(2) never removes the content.
    Deno.removeSync(path);
    return true;
  } catch {
    return false;
  }
}

function unlessMissing<T>(what: string, path: string, act: () => T): T | null {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return null;
    throw new PathError(what, { path, cause });
  }
}

/** True for a directory, and for a link to one. */
export function directoryExists(path: string): boolean {
  return unlessMissing("cannot look at it", path, () => Deno.statSync(path).isDirectory) ?? false;
}
