/** Which job the page means, and what is recorded of it, in whichever store it is. */
import type { StoredEvent } from "../job/events.ts";
import type { Job } from "../job/job.ts";
import { type MemorySplit, NO_SPLIT, type Sample } from "../job/usage.ts";
import { parseSelector } from "../value/selector.ts";
import type { SourceContext } from "./context.ts";
import type { Looks } from "./look.ts";
import { parsePageId } from "./page_ids.ts";
import { asUser } from "./users_process.ts";

/** The steps of a job, and its course as it was saved. */
export interface JobRecords {
  events: StoredEvent[];
  samples: Sample[];
  peaks: MemorySplit;
}

const NO_RECORDS: JobRecords = { events: [], samples: [], peaks: NO_SPLIT };
/** A process of a user takes some 50 ms of a core. */
const USERS_KEPT_MS = 10_000;
const USERS_CAP_MS = 5_000;
const USERS_CHARACTERS = 4 << 20;
const MOST_EVENTS = 1_000;
const MOST_KEPT = 64;

/** Looks them up, and keeps users' answers for a moment. */
export class Records {
  readonly #users = new Map<string, { bootMs: number; records: JobRecords }>();

  constructor(readonly context: SourceContext, readonly looks: Looks) {}

  /** Null where there is no such job. Throws StoreError. */
  find(pageId: string): Job | null {
    const live = this.looks.jobs.get(pageId);
    const wanted = parsePageId(pageId);
    if (wanted === null) return null;
    const { id, storeUid } = wanted;
    if (storeUid === null) {
      const own = this.looks.store.storeWith(id).get(id, () => {});
      if (own !== null) return own;
    }
    // Behind the caller's own: a user's job with its id must not hide it.
    if (live !== undefined) return live;
    const theirs =
      this.looks.users?.store.find(parseSelector(id)).jobs.filter((job) =>
        job.spec.id === id && (storeUid === null || job.storeUid === storeUid)
      ) ?? [];
    return theirs.length === 1 ? theirs[0]! : null;
  }

  /** Throws StoreError; a user who does not answer has none. */
  async of({ spec: { id }, storeUid }: Job): Promise<JobRecords> {
    if (storeUid !== undefined) return await this.#ofUser(id, storeUid);
    const store = this.looks.store.storeWith(id);
    return { events: store.events(id), ...store.sampled(id) };
  }

  async #ofUser(id: string, uid: number): Promise<JobRecords> {
    const key = `${id}@${uid}`;
    const bootMs = this.context.clock.bootMs();
    const kept = this.#users.get(key);
    if (kept !== undefined && bootMs - kept.bootMs < USERS_KEPT_MS) return kept.records;
    const records = await this.#ask(id, uid);
    this.#users.delete(key);
    this.#users.set(key, { bootMs, records });
    while (this.#users.size > MOST_KEPT) this.#users.delete(this.#users.keys().next().value!);
    return records;
  }

  async #ask(id: string, uid: number): Promise<JobRecords> {
    const caps = { capMs: USERS_CAP_MS, maxCharacters: USERS_CHARACTERS, isReading: true };
    try {
      const { stdout } = await asUser(this.context, uid, ["show", "--json", id], caps);
      return recordsOf(stdout);
    } catch {
      return NO_RECORDS;
    }
  }
}

/** From what `corral show --json` of a user's prints; what makes no sense is left out. */
export function recordsOf(text: string): JobRecords {
  try {
    const { events, samples } = JSON.parse(text) as Record<string, unknown>;
    return {
      events: listOf(events).slice(-MOST_EVENTS).flatMap(eventOf),
      samples: listOf(samples).slice(-MOST_EVENTS).flatMap(sampleOf),
      peaks: NO_SPLIT,
    };
  } catch {
    return NO_RECORDS;
  }
}

type Fields = Record<string, unknown>;

function listOf(value: unknown): Fields[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one) => typeof one === "object" && one !== null && !Array.isArray(one));
}

function eventOf({ at, actor, kind, detail }: Fields): StoredEvent[] {
  const atMs = Date.parse(String(at));
  if (!Number.isFinite(atMs) || typeof detail !== "object" || detail === null) return [];
  return [{ atMs, actor: String(actor), kind: String(kind), detail: detail as Fields }];
}

function sampleOf(fields: Fields): Sample[] {
  const figure = (key: string) => typeof fields[key] === "number" ? fields[key] : null;
  const offsetMs = figure("offsetMs");
  if (offsetMs === null) return [];
  return [{
    offsetMs,
    memoryBytes: figure("memoryBytes"),
    anonBytes: figure("anonBytes"),
    fileBytes: figure("fileBytes"),
    cpuUsageUsec: figure("cpuUsageUsec"),
    tasks: figure("tasks"),
  }];
}
