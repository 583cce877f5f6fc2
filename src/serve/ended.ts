/** A page of the history: the caller's store and what the users' processes answered last, by the time of the end. */
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
/** A pass over a million jobs takes about a second: its sums may be so old while jobs end all the time. */
const SUMS_KEPT_MS = 10_000;

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

  /** @param stores the caller's own first */
  constructor(readonly stores: () => readonly JobStore[], readonly nowMs: () => number) {}

  /** Throws StoreError, UsageError for a cursor that is none. */
  read(query: EndedQuery): EndedPage {
    const { sinceMs, untilMs, reason, cursor } = query;
    const search = query.search?.slice(0, SEARCH_CHARACTERS) || null;
    const place = cursor === null ? null : placeOf(cursor);
    const stores = this.stores();
    const found = stores.flatMap((store) =>
      store.endedPage({ sinceMs, untilMs, search, reason, behind: place, limit: ROWS + 2 }).jobs
    );
    const jobs = found.sort(inOrder).filter((job) => place === null || isBehind(job, place));
    const shown = jobs.slice(0, ROWS);
    const sums = this.#sumsOf(stores, { sinceMs, untilMs, search, reason: null });
    const last = shown.at(-1);
    return {
      rows: shown.flatMap((job) => endedRow(job, endedIdOf(job)) ?? []),
      cursor: jobs.length > ROWS && last !== undefined ? cursorOf(last) : null,
      ...totals(sums, reason),
    };
  }

  #sumsOf(stores: readonly JobStore[], filter: EndedFilter): EndedSum[] {
    const key = JSON.stringify(filter);
    const nowMs = this.nowMs();
    const isFresh = this.#sums?.key === key && Math.abs(nowMs - this.#sums.atMs) < SUMS_KEPT_MS;
    if (!isFresh) this.#sums = { key, atMs: nowMs, sums: stores.flatMap((store) => store.endedSums(filter)) };
    return this.#sums!.sums;
  }
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
