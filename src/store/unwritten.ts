/**
 * What a launch could not write into its store before it returned: files of a local directory, which the next sweep writes. The record of a
 * job is then late, and no command has waited for it.
 */
import { dirname } from "node:path";
import { errorText } from "../base/errors.ts";
import type { JobStore } from "./jobs.ts";
import { ensurePrivateDir, privateDirState, stateDirMode } from "./private_dir.ts";

/** The writes of a store that may come late. */
type LateWrite = "insert" | "markRunning" | "markEnded" | "setSurvivors" | "addEvents";

/** One of them with its arguments, all of which JSON can hold. */
export type Write = { [Name in LateWrite]: [name: Name, args: Parameters<JobStore[Name]>] }[LateWrite];

/** What a ledger asks of a store. */
export type StorePort = Pick<
  JobStore,
  | LateWrite
  | "claimOnEnd"
  | "isTaken"
  | "claimEnding"
  | "saveSampled"
  | "saveHealth"
  | "sampled"
  | "get"
  | "events"
  | "waitAtMost"
>;

/** Makes one write, with its own result. */
export function applyWrite(store: StorePort, [name, args]: Write): unknown {
  return (store[name] as (...args: unknown[]) => unknown).apply(store, args);
}

/** The same for one that may have been made before: a call that was given up can have got through. */
export function applyOnce(store: StorePort, write: Write): void {
  const [name, args] = write;
  if (name === "insert" && store.isTaken(args[0].id)) return;
  if (name === "markEnded" && store.get(args[0])?.phase.state === "ended") return;
  applyWrite(store, write);
}

/** The form of such a file; another one is left alone. */
const VERSION = 1;

/** The files for one store, by the ids of their jobs. */
export class Unwritten {
  /**
   * @param storePath names the store, as one directory serves all that are not local
   * @param uid of the user whose own the directory's parent must be; null: it is the store's own directory
   */
  constructor(readonly directory: string, readonly storePath: string, readonly uid: number | null = null) {}

  /** Keeps what is not written of a job. Throws what the file system throws. */
  keep(id: string, writes: readonly Write[]): void {
    const above = dirname(this.directory);
    if (this.uid !== null) ensurePrivateDir(above, this.uid);
    else Deno.mkdirSync(above, { recursive: true, mode: stateDirMode(above) });
    Deno.mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const path = `${this.directory}/${id}.json`;
    const text = JSON.stringify({ version: VERSION, store: this.storePath, writes });
    Deno.writeTextFileSync(`${path}.new`, text, { createNew: true, mode: 0o600 });
    Deno.renameSync(`${path}.new`, path);
  }

  /** Writes all that was kept into its store. A file that cannot be written now is left for the next time, and said. */
  complete(store: StorePort, warn: (line: string) => void): void {
    for (const path of this.#files()) {
      try {
        const { version, store: storePath, writes } = JSON.parse(Deno.readTextFileSync(path));
        if (version !== VERSION || storePath !== this.storePath) continue;
        for (const write of writes as Write[]) applyOnce(store, write);
        Deno.removeSync(path);
      } catch (error) {
        warn(`warning: a late record cannot be written: ${path}: ${errorText(error)}`);
      }
    }
  }

  #files(): string[] {
    const isTrusted = this.uid === null || privateDirState(dirname(this.directory), this.uid) === "own";
    if (!isTrusted) return [];
    try {
      return [...Deno.readDirSync(this.directory)].filter(({ name, isFile }) =>
        isFile && name.endsWith(".json")
      )
        .map(({ name }) => `${this.directory}/${name}`).sort();
    } catch {
      return [];
    }
  }
}
