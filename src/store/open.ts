/** Opens the store's SQLite file: directory, journal mode, migrations. */
import { DatabaseSync } from "node:sqlite";
import { statfsSync, type Stats, statSync } from "node:fs";
import { errorCode } from "../base/errno.ts";
import { StoreError } from "../base/errors.ts";
import { isAnythingAt, ownersOf, refuseChangeable, TrustError } from "../base/trust.ts";
import { stateDirMode } from "./private_dir.ts";
import { MIGRATIONS } from "./schema.ts";

/** How long a statement waits for another process's write. */
export const BUSY_TIMEOUT_MS = 10_000;
const REOPEN_PAUSE_MS = 20;

/** statfs(2) magic numbers of file systems shared between nodes, where WAL's shared memory does not work: NFS, SMB, Lustre, GPFS, BeeGFS, CEPH, FUSE, AFS. */
const SHARED_FILE_SYSTEMS = new Set([
  0x6969,
  0x517b,
  0xfe534d42,
  0xff534d42,
  0x0bd00bd0,
  0x47504653,
  0x19830326,
  0x00c36400,
  0x65735546,
  0x5346414f,
]);

/** An empty store in memory, for a command that only looks where there is none: it must not make one, least of all as root. */
export function openNothing(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db, ":memory:");
  return db;
}

/** Not $TMPDIR, the caller's word; the second where the first cannot be written. */
const SCRATCH_DIRS = ["/var/tmp", "/tmp"];

/** As openNothing(), on disk for what memory cannot hold: the file has no name, and is gone with the process. */
export function openScratch(dirs: readonly string[] = SCRATCH_DIRS): DatabaseSync {
  const db = scratchIn(dirs);
  // A crash leaves nothing to be put right.
  db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384");
  migrate(db, "the merged reports");
  return db;
}

/** SQLite's temporary database (https://sqlite.org/inmemorydb.html): its file is unlinked as soon as it is open. */
function scratchIn(dirs: readonly string[]): DatabaseSync {
  const db = new DatabaseSync("");
  for (const dir of dirs) {
    try {
      db.exec(`PRAGMA temp_store_directory = '${dir}'`);
      return db;
    } catch {
      // It cannot be written, or is not there.
    }
  }
  db.close();
  return new DatabaseSync(":memory:");
}

/** Commands that make a store where there is none. */
const MAKERS: ReadonlySet<string> = new Set(["run", "adopt", "sweep", "doctor", "pool"]);

/** As openDatabase(), but only MAKERS make a store: for any other command there are no jobs where there is none. */
export function openDatabaseFor(
  directory: string,
  fileName: string,
  actor: string,
  waitMs?: number,
): DatabaseSync {
  return MAKERS.has(actor) || isStoreAt(directory, fileName)
    ? openDatabase(directory, fileName, waitMs)
    : openNothing();
}

/** True when the store's file exists and holds anything: on a full disk it is made empty. As root, throws TrustError for a place that another user can change. */
export function isStoreAt(directory: string, fileName: string): boolean {
  refuseOthersStore(directory, `${directory}/${fileName}`);
  try {
    return (statSync(`${directory}/${fileName}`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  } catch {
    // A file in the way, a directory that may not be searched: the opening reports it.
    return true;
  }
}

/**
 * Opens (and makes, mode 0700/0600) `directory/fileName` and brings it up to date. Safe with many processes at once; waits at most
 * `waitMs` for one of them.
 * Throws StoreError with the path and, where there is one, the remedy.
 */
export function openDatabase(
  directory: string,
  fileName: string,
  waitMs = BUSY_TIMEOUT_MS,
): DatabaseSync {
  const path = `${directory}/${fileName}`;
  try {
    refuseOthersStore(directory, path);
    Deno.mkdirSync(directory, { recursive: true, mode: stateDirMode(directory) });
    // Looked at once more: another user may have made it in between, in a directory where all may make one.
    refuseOthersStore(directory, path);
    makePrivate(path);
    refuseEndless(path);
    return openPatiently(directory, path, waitMs);
  } catch (cause) {
    throw cause instanceof StoreError || cause instanceof TrustError
      ? cause
      : storeError("cannot open", path, cause);
  }
}

/**
 * Command lines can hold secrets: a new file is its owner's alone, also in a directory that is not; SQLite gives its other files the same
 * mode. Not by umask(2), which is the whole process's, also that of a job that another thread starts. A file that is there is not opened:
 * to close it would drop SQLite's locks on it.
 */
function makePrivate(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch {
    // It is there; what else is wrong, SQLite finds too.
  }
}

/** SQLite reads these beside its file, and believes them. */
const SIDE_FILES = ["", "-wal", "-shm", "-journal"];

/** Throws StoreError where SQLite would read a FIFO or a device, which may never answer. Other things in its way it reports itself. */
function refuseEndless(path: string): void {
  for (const file of SIDE_FILES.map((suffix) => path + suffix)) {
    const info = lookAt(file);
    if (info?.isFIFO() || info?.isCharacterDevice()) {
      throw new StoreError("is no file that a store can have", { path: file, remedy: "remove it" });
    }
  }
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** As root, throws TrustError for a store, or a directory for one, that another user can change: a forged record makes root kill. */
export function refuseOthersStore(directory: string, path = directory): void {
  if (Deno.uid() !== 0) return;
  const protection = {
    what: "the store",
    path,
    remedy: "use another --state-dir, in a directory that only root can write",
    mayBeInSticky: true,
  };
  // What is still to be made may be made in a sticky directory.
  const toBeMade = isAnythingAt(directory) ? [] : [{ path: directory, uid: 0, mode: 0 }];
  refuseChangeable(protection, [...toBeMade, ...ownersOf(directory)]);
  for (const file of SIDE_FILES.map((suffix) => path + suffix).filter(isAnythingAt)) {
    refuseChangeable(protection, ownersOf(file));
  }
}

/**
 * SQLite does not wait where waiting could be a deadlock: the switch to WAL fails at once while another process makes the same switch
 * (50 first starts at one moment: one of them). So the whole opening is tried again.
 */
function openPatiently(directory: string, path: string, waitMs: number): DatabaseSync {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return openOnce(directory, path, waitMs);
    } catch (error) {
      if (!/locked/.test(String(error)) || performance.now() >= until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REOPEN_PAUSE_MS * (0.5 + Math.random()));
    }
  }
}

function openOnce(directory: string, path: string, waitMs: number): DatabaseSync {
  // The busy timeout must be set before anything else is said: the switch to WAL itself needs the lock.
  const db = new DatabaseSync(path, { timeout: waitMs });
  try {
    // Not in $TMPDIR, the caller's word: it may be on a file system that does not answer. What SQLite puts there is small.
    db.prepare("PRAGMA temp_store = MEMORY").get();
    // Takes effect only on an empty file: such a store can shrink without a rewrite of the whole. On a file in use the pragma would write,
    // and wait for the process that holds the lock.
    if (pageCount(db) === 0) db.prepare("PRAGMA auto_vacuum = INCREMENTAL").get();
    db.prepare(`PRAGMA journal_mode = ${isShared(directory) ? "DELETE" : "WAL"}`).get();
    db.prepare("PRAGMA synchronous = NORMAL").get();
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function pageCount(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA page_count").get()?.["page_count"] ?? 0);
}

/** An SQLite or file error as a StoreError with what fixes it. */
export function storeError(what: string, path: string, cause: unknown): StoreError {
  // Of a store that does not answer: it is its own words.
  if (cause instanceof StoreError) return cause;
  return new StoreError(what, { path, cause: firstLineOf(cause), remedy: remedyFor(cause) });
}

/** SQLite's words where tables are missing, are others than corral's, or have other columns. */
const MISFIT = /already exists|duplicate column|no such (table|column)|has no column named|it is a view/;
const MOVE_AWAY = "move the file away: the next command starts a new one";

/** Of a migration that fails, SQLite adds the whole of it. */
function firstLineOf(cause: unknown): unknown {
  const line = cause instanceof Error ? /^(.*?)(?: in)? *\n/.exec(cause.message)?.[1] : undefined;
  return line === undefined ? cause : new Error(line, { cause });
}

function remedyFor(cause: unknown): string | null {
  const text = String(cause);
  if (/not a database|malformed/.test(text) || MISFIT.test(text)) return MOVE_AWAY;
  if (/locked/.test(text)) return "another process holds it: try again";
  if (/disk I\/O error/.test(text)) {
    return "look at the disk and at the files beside it, or use another --state-dir";
  }
  if (/full/.test(text)) return "free some space, or use --state-dir on another file system";
  const isUnusable = ["ENOENT", "EACCES", "EPERM", "EEXIST", "ENOTDIR", "EROFS"].includes(
    errorCode(cause) ?? "",
  );
  if (isUnusable || /readonly|unable to open|[Pp]ermission|Read-only/.test(text)) {
    return "give a writable directory: --state-dir or CORRAL_STATE_DIR";
  }
  return null;
}

function migrate(db: DatabaseSync, path: string): void {
  const version = () => Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version() > MIGRATIONS.length) {
    throw new StoreError("was written by a newer corral", { path, remedy: "install that version" });
  }
  if (version() === MIGRATIONS.length) return;
  if (version() < 0) throw new StoreError("is no store of corral's", { path, remedy: MOVE_AWAY });
  // A table that is rebuilt must not take along the rows that refer to it. Within a transaction the pragma does nothing.
  db.exec("PRAGMA foreign_keys = OFF");
  db.exec("BEGIN IMMEDIATE");
  try {
    for (let next = version(); next < MIGRATIONS.length; next++) db.exec(MIGRATIONS[next]!);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
  db.exec("PRAGMA foreign_keys = ON");
}

function isShared(directory: string): boolean {
  try {
    return SHARED_FILE_SYSTEMS.has(statfsSync(directory).type);
  } catch {
    return true;
  }
}
