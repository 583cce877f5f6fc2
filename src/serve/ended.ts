/** A page of the history: the caller's store and what the users' processes answered last, by the time of the end. */
import { pause } from "../base/poll.ts";
import { UsageError } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import type { EndedFilter, EndedSum } from "../store/ended_pages.ts";
import type { JobStore } from "../store/jobs.ts";
import { endedRow } from "./ended_rows.ts";
import type { EndedPage } from "./feed.ts";
import { endedIdOf } from "./page_ids.ts";
import type { EndedQuery } from "./source.ts";

const ROWS = 50;
/** Of the users with the most CPU time. */
const USERS_SHOWN = 50;
const SEARCH_CHARACTERS = 200;
/** Their sums may be so old while jobs end all the time. */
const SUMS_KEPT_MS = 10_000;
/** Between two slices everything else has its turn: some 50 ms each. */
const SLICE_ROWS = 10_000;
/** Later than any job. */
const END_OF_TIME_MS = 8_640_000_000_000_000;

/** Where the last page ended. */
interface Place {
  endedMs: number;
  id: string;
  storeUid: number;
}

interface Sums {
  key: string;
  atMs: number;
  sums: EndedSum[];
}

/** Keeps the sums of the last query. */
export class EndedPages {
  #sums: Sums | null = null;
  /** One pass at a time, however many pages are open. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param stores the caller's own first */
  constructor(
    readonly stores: () => readonly JobStore[],
    readonly nowMs: () => number,
    readonly sliceRows = SLICE_ROWS,
  ) {}

  /** Rejects with StoreError, and with UsageError for a cursor that is none. */
  async read(query: EndedQuery): Promise<EndedPage> {
    const place = query.cursor === null ? null : placeOf(query.cursor);
    const page = this.#last.then(() => this.#read(query, place));
    this.#last = page.catch(() => {});
    return await page;
  }

  async #read({ sinceMs, untilMs, reason, ...query }: EndedQuery, place: Place | null): Promise<EndedPage> {
    const search = query.search?.slice(0, SEARCH_CHARACTERS) || null;
    const found: Job[] = [];
    for (const store of this.stores()) {
      found.push(...await this.#rowsOf(store, { sinceMs, untilMs, search, reason }, place));
    }
    const jobs = found.sort(inOrder).filter((job) => place === null || isBehind(job, place));
    const shown = jobs.slice(0, ROWS);
    const last = shown.at(-1);
    return {
      rows: shown.flatMap((job) => endedRow(job, endedIdOf(job)) ?? []),
      cursor: jobs.length > ROWS && last !== undefined ? cursorOf(last) : null,
      ...totals(await this.#sumsOf({ sinceMs, untilMs, search, reason: null }), reason),
    };
  }

  async #sumsOf(filter: EndedFilter): Promise<EndedSum[]> {
    const key = JSON.stringify(filter);
    const isFresh = this.#sums?.key === key && Math.abs(this.nowMs() - this.#sums.atMs) < SUMS_KEPT_MS;
    if (isFresh) return this.#sums!.sums;
    const sums: EndedSum[] = [];
    for (const store of this.stores()) {
      await this.#slices(store, filter, (slice) => {
        sums.push(...store.endedSums(slice));
        return true;
      });
    }
    this.#sums = { key, atMs: this.nowMs(), sums: added(sums) };
    return this.#sums.sums;
  }

  /** One more than a page has, so that it is seen whether there is another. */
  async #rowsOf(store: JobStore, filter: EndedFilter, behind: Place | null): Promise<Job[]> {
    const jobs: Job[] = [];
    const untilMs = Math.min(
      filter.untilMs ?? END_OF_TIME_MS,
      behind === null ? END_OF_TIME_MS : behind.endedMs + 1,
    );
    // The job of the cursor itself may be there again.
    const wanted = ROWS + 2;
    await this.#slices(store, { ...filter, untilMs }, (slice) => {
      jobs.push(...store.endedPage({ ...slice, behind, limit: wanted - jobs.length }).jobs);
      return jobs.length < wanted;
    });
    return jobs;
  }

  /** From the last to the first, until `act` has enough. */
  async #slices(
    store: JobStore,
    { untilMs, ...filter }: EndedFilter,
    act: (slice: EndedFilter) => boolean,
  ): Promise<void> {
    for (let endMs = untilMs ?? END_OF_TIME_MS;;) {
      const beginMs = store.endedSlice({ sinceMs: filter.sinceMs, untilMs: endMs, rows: this.sliceRows });
      const isEnough = !act({ ...filter, sinceMs: beginMs ?? filter.sinceMs, untilMs: endMs });
      if (beginMs === null || isEnough) return;
      endMs = beginMs;
      await pause(0);
    }
  }
}

/** Of the same reason and user in one. */
function added(sums: readonly EndedSum[]): EndedSum[] {
  const groups = Map.groupBy(sums, ({ reason, user }) => JSON.stringify([reason, user]));
  return [...groups.values()].map((group) =>
    group.reduce((all, sum) => ({
      ...all,
      jobs: all.jobs + sum.jobs,
      cpuUsageUsec: all.cpuUsageUsec + sum.cpuUsageUsec,
      memoryByteSeconds: all.memoryByteSeconds + sum.memoryByteSeconds,
    }))
  );
}

/** By reason without regard to the reason that was asked for: it is what one chooses from. */
export function totals(
  sums: readonly EndedSum[],
  reason: string | null,
): Pick<EndedPage, "total" | "byReason" | "byUser"> {
  const byReason: Record<string, number> = {};
  const byUser = new Map<string, EndedPage["byUser"][number]>();
  let total = 0;
  for (const sum of sums) {
    byReason[sum.reason] = (byReason[sum.reason] ?? 0) + sum.jobs;
    if (reason !== null && sum.reason !== reason) continue;
    total += sum.jobs;
    const before = byUser.get(sum.user) ?? { user: sum.user, jobs: 0, cpuUsageUsec: 0, memoryByteSeconds: 0 };
    byUser.set(sum.user, {
      user: sum.user,
      jobs: before.jobs + sum.jobs,
      cpuUsageUsec: before.cpuUsageUsec + sum.cpuUsageUsec,
      memoryByteSeconds: Math.round(before.memoryByteSeconds + sum.memoryByteSeconds),
    });
  }
  const users = [...byUser.values()].sort((a, b) => b.cpuUsageUsec - a.cpuUsageUsec || b.jobs - a.jobs);
  return { total, byReason, byUser: users.slice(0, USERS_SHOWN) };
}

function endOf({ phase, spec, storeUid = 0 }: Job): Place {
  return { endedMs: phase.state === "ended" ? phase.endedAtMs : 0, id: spec.id, storeUid };
}

/** The last ended first; two of one millisecond by their ids, and by their stores. */
function compare(a: Place, b: Place): number {
  return b.endedMs - a.endedMs || (a.id < b.id ? 1 : a.id > b.id ? -1 : b.storeUid - a.storeUid);
}

function inOrder(a: Job, b: Job): number {
  return compare(endOf(a), endOf(b));
}

function isBehind(job: Job, place: Place): boolean {
  return compare(place, endOf(job)) < 0;
}

function cursorOf(job: Job): string {
  const { endedMs, id, storeUid } = endOf(job);
  return `${endedMs}-${id}-${storeUid}`;
}

function placeOf(cursor: string): Place {
  const [, endedMs, id, storeUid] = /^(\d{1,16})-([0-9a-z]{1,32})-(\d{1,10})$/.exec(cursor) ?? [];
  if (endedMs === undefined) throw new UsageError("the cursor is none: begin with the first page");
  return { endedMs: Number(endedMs), id: id!, storeUid: Number(storeUid) };
}
