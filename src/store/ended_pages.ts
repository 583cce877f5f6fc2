/** Ended jobs a page at a time, the last ended first, and their sums: what a page of history shows of a million of them. */
import type { SQLInputValue } from "node:sqlite";
import type { Database } from "./database.ts";
import { FAILED_SQL } from "./failed_sql.ts";
import { type JobRow, readRows } from "./rows.ts";

/** Which of the ended jobs; null: not asked. */
export interface EndedFilter {
  /** Ended at or after this moment, and before that one: milliseconds since the epoch. */
  sinceMs: number | null;
  untilMs: number | null;
  /** Part of id, name, ref or user, in either case of ASCII letters. */
  search: string | null;
  reason: string | null;
  /** Only jobs that did not exit with 0. */
  isFailedOnly?: true;
}

/** The last job of the page before. */
export interface EndedBehind {
  endedMs: number;
  id: string;
}

/** A page. A job that ended in the same moment and has the same id as `behind` is there again: other stores can have it. */
export interface EndedRows extends EndedFilter {
  behind: EndedBehind | null;
  limit: number;
  /** Only so many of the last ended ones are looked at: few may be let through. */
  amongLast?: number;
}

/** What the jobs of one user that ended for one reason add up to. */
export interface EndedSum {
  reason: string;
  user: string;
  jobs: number;
  cpuUsageUsec: number;
  /** Of their peaks, for as long as they ran. */
  memoryByteSeconds: number;
}

/** Users come from the store, reasons are few; past so many groups the smallest are left out. */
const MOST_GROUPS = 2_000;

/** Found by the index jobs_ended, however many there are. */
export function endedRows(db: Database, { behind, limit, amongLast, ...filter }: EndedRows): JobRow[] {
  const { sinceMs, untilMs } = filter;
  const window = condition({ sinceMs, untilMs, search: null, reason: null });
  const last = `(SELECT * FROM jobs WHERE ${window.where} ORDER BY ended_at_ms DESC, id DESC LIMIT ?)`;
  const [from, looked] = amongLast === undefined ? ["jobs", []] : [last, [...window.values, amongLast]];
  const { where, values } = condition(filter);
  // The first half of the condition is what the index finds.
  const after = behind === null ? "" : " AND ended_at_ms <= ? AND (ended_at_ms < ? OR id <= ?)";
  const place = behind === null ? [] : [behind.endedMs, behind.endedMs, behind.id];
  const sql = `SELECT * FROM ${from} WHERE ${where}${after} ORDER BY ended_at_ms DESC, id DESC LIMIT ?`;
  return readRows(db.prepare(sql), [...looked, ...values, ...place, limit]);
}

/**
 * The beginning of a slice of the history that has about `rows` jobs and ends before `untilMs`; null: what is left is no more than that. A pass
 * over a million jobs takes seconds, and holds up everything else where it is not cut up.
 */
export function endedSlice(
  db: Database,
  { sinceMs, untilMs, rows }: { sinceMs: number | null; untilMs: number; rows: number },
): number | null {
  const sql = `SELECT ended_at_ms FROM jobs WHERE ended_at_ms >= ? AND ended_at_ms < ?
    ORDER BY ended_at_ms DESC LIMIT 1 OFFSET ?`;
  const row = db.prepare(sql).get(sinceMs ?? 0, untilMs, rows);
  return row === undefined ? null : Number(row["ended_at_ms"]);
}

/** One pass over what the filter lets through. */
export function endedSums(db: Database, filter: EndedFilter): EndedSum[] {
  const { where, values } = condition(filter);
  const sql = `SELECT reason, user, count(*) AS jobs, sum(cpu_usage_usec) AS cpu,
      sum(memory_peak_bytes * (wall_ms / 1000.0)) AS memory
    FROM jobs WHERE ${where} GROUP BY reason, user ORDER BY jobs DESC LIMIT ${MOST_GROUPS}`;
  return db.prepare(sql).all(...values).map((row) => ({
    reason: String(row["reason"]),
    user: String(row["user"]),
    jobs: Number(row["jobs"]),
    cpuUsageUsec: Number(row["cpu"] ?? 0),
    memoryByteSeconds: Number(row["memory"] ?? 0),
  }));
}

function condition(
  { sinceMs, untilMs, search, reason, isFailedOnly }: EndedFilter,
): { where: string; values: SQLInputValue[] } {
  const like = search === null ? null : `%${search.replace(/[\\%_]/g, "\\$&")}%`;
  const parts: [string, SQLInputValue[]][] = [
    // Without a bound SQLite would not take the index.
    ["state = 'ended' AND ended_at_ms >= ?", [sinceMs ?? 0]],
    ...(untilMs === null ? [] : [["ended_at_ms < ?", [untilMs]] as [string, SQLInputValue[]]]),
    ...(reason === null ? [] : [["reason = ?", [reason]] as [string, SQLInputValue[]]]),
    ...(isFailedOnly ? [[FAILED_SQL, []] as [string, SQLInputValue[]]] : []),
    ...(like === null ? [] : [[SEARCH_SQL, [like, like, like, like]] as [string, SQLInputValue[]]]),
  ];
  return { where: parts.map(([sql]) => sql).join(" AND "), values: parts.flatMap(([, given]) => given) };
}

const SEARCH_SQL = `(${
  ["id", "name", "ref", "user"].map((column) => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")
})`;
