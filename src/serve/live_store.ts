/** The caller's own store, looked at every two seconds: its live jobs and its last endings are read again only after a change. */
import { lstatSync } from "node:fs";
import type { Job } from "../job/job.ts";
import type { Sample } from "../job/usage.ts";
import type { Node } from "../observe/node.ts";
import { storeOf } from "../store/former_store.ts";
import type { JobStore } from "../store/jobs.ts";

/** Among so many of the last ended jobs the ones that did not end well are looked for. */
const LOOKED_AT = 2_000;
const ENDED_LATELY = 5;
const ACTOR = "serve";

/** What is in it now. */
export interface StoreNow {
  live: readonly Job[];
  /** The last that ended; ended lately, and not well. */
  lastEnded: Job | null;
  endedLately: readonly Job[];
  isAnyQueued: boolean;
}

/** Keeps the store open, and follows it when another file takes its place. */
export class LiveStore {
  #open: { store: JobStore; inode: number | null } | null = null;
  #now: { version: string; read: StoreNow } | null = null;
  #former: JobStore | null | undefined;
  readonly #damages = new Set<string>();

  constructor(
    readonly node: Pick<Node, "openStore" | "openFormerStore">,
    readonly say: (line: string) => void,
  ) {}

  /** Throws StoreError. */
  get store(): JobStore {
    const before = this.#open;
    if (before !== null && before.inode !== null && before.inode === inodeOf(before.store.path)) {
      return before.store;
    }
    before?.store.close();
    this.#now = null;
    // Without a file it is empty, and looked for again.
    const store = this.node.openStore(ACTOR);
    this.#open = { store, inode: inodeOf(store.path) };
    return store;
  }

  /** Throws StoreError. */
  read(): StoreNow {
    const { store } = this;
    const version = `${store.version()} ${this.#formerStore()?.version() ?? ""}`;
    if (this.#now?.version !== version) this.#now = { version, read: this.#read(store) };
    return this.#now.read;
  }

  /** The one that has the job: the present store, or the one of before. Throws StoreError. */
  storeWith(id: string): JobStore {
    return storeOf(id, this.store, this.#formerStore());
  }

  /** What was sampled of a job so far. */
  samples(id: string): Sample[] {
    return this.storeWith(id).sampled(id).samples;
  }

  #read(store: JobStore): StoreNow {
    const onDamage = ({ message }: { message: string }) => {
      if (!this.#damages.has(message)) this.say(`warning: ${message}`);
      this.#damages.add(message);
    };
    const any = { sinceMs: null, untilMs: null, search: null, reason: null, behind: null };
    const lately = { ...any, isFailedOnly: true as const, limit: ENDED_LATELY, amongLast: LOOKED_AT };
    return {
      live: [...this.#formerStore()?.live(onDamage) ?? [], ...store.live(onDamage)],
      lastEnded: store.endedPage({ ...any, limit: 1 }).jobs[0] ?? null,
      endedLately: store.endedPage(lately).jobs,
      isAnyQueued: store.isAnyQueued(),
    };
  }

  #formerStore(): JobStore | null {
    return this.#former === undefined ? this.#former = this.node.openFormerStore(ACTOR) : this.#former;
  }
}

function inodeOf(path: string): number | null {
  const info = lstatSync(path, { throwIfNoEntry: false });
  return info === undefined || info.size === 0 ? null : info.ino;
}
