/** A user's store from before it had its present place, and both as one for the verbs that only look. */
import { lstatSync } from "node:fs";
import { errorText, StoreError } from "../base/errors.ts";
import { isAnythingAt } from "../base/trust.ts";
import { isOnLocalFileSystem } from "../linux/mounts.ts";
import { LocalDatabase } from "./database.ts";
import { JobStore } from "./jobs.ts";
import { BUSY_TIMEOUT_MS, openNothing } from "./open.ts";

/** Where it is looked for, by whom, and what is told of one that cannot be opened. */
export interface FormerRequest {
  directory: string | null;
  uid: number;
  actor: string;
  storeFileIn: (directory: string) => string;
  warn: (line: string) => void;
  isLocal?: (path: string) => boolean;
}

/**
 * Null where there is none that is the user's own, or its file system may not answer: it is never made, and never waited for. One that
 * cannot be opened is told, and holds up nothing that is done with the present one.
 */
export function openFormerStore(request: FormerRequest): JobStore | null {
  const { directory, uid, actor, storeFileIn, warn, isLocal = isOnLocalFileSystem } = request;
  if (directory === null || !isLocal(directory)) return null;
  const fileName = storeFileIn(directory);
  if (!isOwn(directory, uid, "isDirectory") || !isOwn(`${directory}/${fileName}`, uid, "isFile")) return null;
  try {
    return JobStore.open(directory, fileName, actor, WAIT_MS);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    warn(`warning: the store of before is left out: ${errorText(error)}`);
    return null;
  }
}

/** For another process's write to it. */
const WAIT_MS = 2_000;

/** Not through a link, and with something in it. */
function isOwn(path: string, uid: number, kind: "isFile" | "isDirectory"): boolean {
  try {
    const info = lstatSync(path);
    return info[kind]() && info.uid === uid && info.size > 0;
  } catch {
    return false;
  }
}

/** Tables of which a look makes use, those first to which others refer. */
const TABLES = ["jobs", "events", "samples"];

/** What both hold at this moment, as a store in memory; the store itself where there is no former one. Throws StoreError. */
export function bothStores(store: JobStore, former: JobStore | null): JobStore {
  if (former === null) return store;
  const db = openNothing();
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  for (const { path } of [former, store].filter((one) => isAnythingAt(one.path))) {
    db.prepare("ATTACH ? AS one").run(path);
    for (const table of TABLES) {
      // Numbered anew: both begin with 1.
      const columns = db.prepare(`PRAGMA main.table_info(${table})`).all().map(({ name }) => String(name))
        .filter((name) => name !== "seq").map((name) => `"${name}"`).join(", ");
      db.exec(`INSERT OR IGNORE INTO main.${table} (${columns}) SELECT ${columns} FROM one.${table}`);
    }
    db.exec("DETACH one");
  }
  return JobStore.of(new LocalDatabase(db, "", ""), store.path, store.actor);
}

/** The one of both that has the job. Throws StoreError. */
export function storeOf(id: string, store: JobStore, former: JobStore | null): JobStore {
  return former !== null && !store.isTaken(id) && former.isTaken(id) ? former : store;
}
