/**
 * The file in which `report --cursor` keeps up to which ending each store was printed, and where in the output the rows of this moment
 * begin. One run at a time has it (flock(2) on FILE.lock).
 */
import { dirname } from "node:path";
import { ParseError, PathError } from "../../base/errors.ts";
import { isVanished } from "../../base/errno.ts";
import { toJson } from "../../base/json.ts";
import { lastName } from "../../base/path.ts";
import { readSmallFile } from "../../base/small_file.ts";
import { ownersOf, refuseChangeable } from "../../base/trust.ts";
import { refuseFifo } from "../../linux/fifo.ts";
import { writeWhole } from "../../linux/whole_file.ts";
import { arePositions, type Positions } from "../../store/endings.ts";

/** Rows are being written to this file, from this offset on. */
export interface Pending {
  device: number;
  inode: number;
  offset: number;
}

/** What the file holds. Users' stores are kept apart: a user may name a store as another user's is named. */
export interface Cursor {
  own: Positions;
  users: Readonly<Record<string, Positions>>;
  pending: Pending | null;
}

/** Nothing was printed. */
export const NEW_CURSOR: Cursor = { own: {}, users: {}, pending: null };

const VERSION = 1;

/** Dispose of it: it holds the lock. */
export class CursorFile implements Disposable {
  private constructor(readonly path: string, readonly lock: Deno.FsFile) {}

  /** Null while another run has it. Throws PathError; as root, TrustError for a file that another user can change. */
  static open(path: string): CursorFile | null {
    for (const file of [path, `${path}.lock`]) refuseOthers("the cursor", file);
    try {
      refuseFifo(`${path}.lock`);
      const lock = Deno.openSync(`${path}.lock`, { write: true, create: true, mode: 0o600 });
      if (!lock.tryLockSync(true)) {
        lock.close();
        return null;
      }
      removeParts(path);
      return new CursorFile(path, lock);
    } catch (cause) {
      throw new PathError("cannot lock", { path: `${path}.lock`, cause });
    }
  }

  /** Throws ParseError for what is no cursor: to begin anew unasked would print all jobs twice. */
  read(): Cursor {
    try {
      return cursorIn(JSON.parse(readSmallFile(this.path)));
    } catch (cause) {
      if (isVanished(cause)) return NEW_CURSOR;
      const remedy = "remove it to have all jobs printed again";
      throw new ParseError("is no cursor of corral's", { path: this.path, cause, remedy });
    }
  }

  /** On the disk when it returns, also its name. Throws PathError. */
  write(cursor: Cursor): void {
    writeWhole(this.path, [`${toJson({ version: VERSION, ...cursor })}\n`]);
    using directory = Deno.openSync(dirname(this.path));
    directory.syncSync();
  }

  [Symbol.dispose](): void {
    this.lock.unlockSync();
    this.lock.close();
  }
}

/** What runs that were killed have left (linux/whole_file.ts): under the lock no other one is at work. */
function removeParts(path: string): void {
  const part = `${lastName(path)}.part-`;
  for (const { name } of Deno.readDirSync(dirname(path))) {
    if (name.startsWith(part)) Deno.removeSync(`${dirname(path)}/${name}`);
  }
}

/** As root, throws TrustError for a file that is written in place and that another user can change, or make a link of. */
export function refuseOthers(what: string, path: string): void {
  if (Deno.uid() !== 0) return;
  const remedy = "use a file in a directory that only root can write";
  refuseChangeable({ what, path, remedy, mayBeInSticky: true }, ownersOf(path));
}

function cursorIn(value: unknown): Cursor {
  const { version, own, users, pending } = value as Record<string, unknown>;
  if (version !== VERSION) throw new Error("its version is unknown");
  if (!arePositions(own) || !areUsers(users) || !isPending(pending)) throw new Error("it is damaged");
  return { own, users, pending };
}

function areUsers(value: unknown): value is Cursor["users"] {
  return typeof value === "object" && value !== null && Object.values(value).every(arePositions);
}

function isPending(value: unknown): value is Pending | null {
  if (value === null) return true;
  const keys = ["device", "inode", "offset"];
  return typeof value === "object" &&
    keys.every((key) => Number.isSafeInteger((value as Record<string, unknown>)[key]));
}
