/** Dropping old records: statements for the store, each short, so that a launch never waits long for one of them. */
import type { Database } from "./database.ts";
import { keepCounts } from "./ended_counts.ts";
import type { Run } from "./samples.ts";

/** Which records may go: of jobs that ended before `beforeMs`, left nothing alive, and are not among `except` (ids). */
export interface Droppable {
  beforeMs: number;
  except: readonly string[];
}

const CONDITION =
  "ended_at_ms < ? AND state = 'ended' AND survivors = '[]' AND id NOT IN (SELECT value FROM json_each(?))";

/** Ids of such jobs, those first that ended first; at most `count`. */
export function selectDroppable(
  db: Database,
  { beforeMs, except }: Droppable,
  count: number,
): string[] {
  const statement = db.prepare(`SELECT id FROM jobs WHERE ${CONDITION} ORDER BY ended_at_ms LIMIT ?`);
  return statement.all(beforeMs, JSON.stringify(except), count).map((row) => String(row["id"]));
}

/** So many of the last records tell whether the clock is what it was. */
const MARKS = 256;

/** What the last records, in the order in which they were made, hold of the clock: see ClockFacts. */
export function selectClockMarks(
  db: Database,
  bootId: string,
): { newestMs: number | null; offsetsMs: number[] } {
  const rows = db.prepare(
    `SELECT max(created_at_ms, coalesce(ended_at_ms, 0)) AS at_ms,
       CASE WHEN boot_id = ? THEN started_at_ms - started_boot_ms END AS offset_ms
     FROM jobs ORDER BY rowid DESC LIMIT ${MARKS}`,
  ).all(bootId);
  const times = rows.map((row) => Number(row["at_ms"]));
  const offsets = rows.map((row) => row["offset_ms"]).filter((offset) => offset !== null).map(Number);
  return { newestMs: times.length === 0 ? null : Math.max(...times), offsetsMs: offsets };
}

/** Drops these if they still are such jobs, with their events and samples; how many. */
export function dropJobs(run: Run, { beforeMs, except }: Droppable, ids: readonly string[]): number {
  const chosen = `id IN (SELECT value FROM json_each(?)) AND ${CONDITION}`;
  const values = [JSON.stringify(ids), beforeMs, JSON.stringify(except)];
  keepCounts(run, chosen, values);
  return run(`DELETE FROM jobs WHERE ${chosen}`, ...values);
}

/** Pages of the file, and those of them that hold nothing and could be given back. */
export function countPages(db: Database): { pages: number; freePages: number } {
  const pragma = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
  const INCREMENTAL = 2;
  const freePages = pragma("auto_vacuum") === INCREMENTAL ? pragma("freelist_count") : 0;
  return { pages: pragma("page_count"), freePages };
}

/** Gives at most so many free pages back to the file system. */
export function givePagesBack(db: Database, count: number): void {
  db.prepare(`PRAGMA incremental_vacuum(${Math.floor(count)})`).all();
}
