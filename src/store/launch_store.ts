/** The store of a launch or another verb: the file itself where its file system is local, else through a process of its own. */
import { isOnLocalFileSystem } from "../linux/mounts.ts";
import { JobStore } from "./jobs.ts";
import { RemoteDatabase } from "./remote_database.ts";
import { RemoteStore } from "./remote_store.ts";
import { type StorePort, Unwritten } from "./unwritten.ts";

interface Place {
  stateDir: string;
  storeFile: string;
}

/** Opens it; waits at most `waitMs` for whatever holds it. Throws StoreError. */
export function openLaunchStore({ stateDir, storeFile }: Place, waitMs: number): StorePort {
  if (isOnLocalFileSystem(stateDir)) return JobStore.open(stateDir, storeFile, "run", waitMs);
  return new RemoteStore({ directory: stateDir, fileName: storeFile, actor: "run" });
}

/** The same for a verb, as JobStore.openFor(). Throws StoreError, TrustError. */
export function openStoreFor({ stateDir, storeFile }: Place, actor: string, waitMs?: number): JobStore {
  if (isOnLocalFileSystem(stateDir)) return JobStore.openFor(stateDir, storeFile, actor, waitMs);
  const database = new RemoteDatabase({ directory: stateDir, fileName: storeFile, actor });
  return JobStore.of(database, `${stateDir}/${storeFile}`, actor);
}

/** Where a launch leaves what it could not write: beside the store, or for one that is not local in a local directory of the user's. */
export function unwrittenOf({ stateDir, storeFile }: Place, uid: number): Unwritten {
  const path = `${stateDir}/${storeFile}`;
  if (isOnLocalFileSystem(stateDir)) return new Unwritten(`${stateDir}/unwritten`, path);
  if (uid === 0) return new Unwritten("/var/lib/corral/unwritten", path);
  return new Unwritten(`/var/tmp/corral-${uid}/unwritten`, path, uid);
}
