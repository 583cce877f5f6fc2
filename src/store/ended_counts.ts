/**
 * How many jobs of a store have ended, by reason: counts that only grow, though old records are dropped. What is dropped is counted in a table
 * of its own; each later look counts only the endings behind the ones it has seen (endings.ts).
 */
import { END_REASONS } from "../job/job.ts";
import type { Database } from "./database.ts";
import { selectEndings } from "./endings.ts";
import type { Run } from "./samples.ts";

/** Counts of a store up to an ending. */
export interface EndedCounts {
  readonly store: string;
  readonly last: number;
  readonly byReason: ReadonlyMap<string, number>;
}

/** Counts these rows of `jobs`, which are about to be dropped in the same transaction. */
export function keepCounts(run: Run, where: string, values: readonly (string | number)[]): void {
  run(
    `INSERT INTO dropped_endings (reason, jobs) SELECT reason, count(*) FROM jobs WHERE ${where} AND reason IS NOT NULL GROUP BY reason
     ON CONFLICT (reason) DO UPDATE SET jobs = jobs + excluded.jobs`,
    ...values,
  );
}

/** All, or what `seen` has and the endings since: the first time all records are read, then only new ones. */
export function countEnded(db: Database, seen: EndedCounts | null): EndedCounts {
  const { store, last } = selectEndings(db);
  const known = seen !== null && seen.store === store && seen.last <= last ? seen : null;
  if (known?.last === last) return known;
  const byReason = new Map(known?.byReason ?? droppedCounts(db));
  const rows = db.prepare(
    `SELECT reason, count(*) AS jobs FROM jobs WHERE ended_seq > ? AND ended_seq <= ? GROUP BY reason`,
  ).all(known?.last ?? -1, last);
  for (const row of rows) add(byReason, row["reason"], Number(row["jobs"]));
  return { store, last, byReason };
}

function droppedCounts(db: Database): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of db.prepare("SELECT reason, jobs FROM dropped_endings").all()) {
    add(counts, row["reason"], Number(row["jobs"]));
  }
  return counts;
}

/** A damaged row's reason makes no series. */
function add(counts: Map<string, number>, reason: unknown, jobs: number): void {
  if (typeof reason !== "string" || !Object.hasOwn(END_REASONS, reason)) return;
  counts.set(reason, (counts.get(reason) ?? 0) + jobs);
}
