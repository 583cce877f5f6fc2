/** Reads the rows of a query a page at a time: a million of them must not be in memory at once. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { storeError } from "./open.ts";
import { DamagedRow } from "./rows.ts";

/** Rows of `jobs`. */
export interface RowQuery {
  /** What is read of each: SQL over `jobs` with `:name` parameters. */
  readonly select: readonly string[];
  /** Which and in what order: what follows FROM jobs. */
  readonly from: string;
  /** What neither of the two names is left out. */
  readonly values: Readonly<Record<string, SQLInputValue>>;
  /** Arrays in the order of `select`, which cost half of what objects do. */
  readonly asArrays: boolean;
}

/** Of arrays that are gone before the next page comes, and past which the cost of a statement no longer shows. */
const PAGE_ROWS = 1_000;

/**
 * The rows as they are taken. Throws StoreError, also half-way.
 *
 * First the order is settled: a table of row numbers, 12 bytes each, in memory and not on a disk that may be full. Then come pages.
 * One statement stepped row by row costs twice the time in this runtime, and it would be open for as long as a pager waits for its
 * user: on NFS, without WAL, no job could be recorded then. A job that is dropped meanwhile is left out.
 */
export function* readPages<Row>(db: DatabaseSync, path: string, query: RowQuery): Generator<Row> {
  try {
    db.prepare("PRAGMA temp_store = MEMORY").get();
    const chosen = settle(db, query);
    try {
      yield* pages<Row>(db, chosen, query);
    } finally {
      db.prepare(`DROP TABLE temp.${chosen}`).run();
    }
  } catch (cause) {
    throw damagedJson(db, path, cause) ?? storeError("cannot read", path, cause);
  }
}

let settled = 0;

/** The name of a temporary table of row numbers, numbered from 1 in their order (CREATE TABLE AS gives them so). */
function settle(db: DatabaseSync, { from, values }: RowQuery): string {
  const name = `chosen_${++settled}`;
  const sql = `CREATE TEMP TABLE ${name} AS SELECT rowid AS job FROM jobs ${from}`;
  db.prepare(sql).run(parametersOf(sql, values));
  return name;
}

function* pages<Row>(
  db: DatabaseSync,
  chosen: string,
  { select, values, asArrays }: RowQuery,
): Generator<Row> {
  const last = Number(db.prepare(`SELECT max(rowid) AS last FROM temp.${chosen}`).get()?.["last"] ?? 0);
  const sql = `SELECT ${
    select.join(", ")
  } FROM temp.${chosen} AS chosen CROSS JOIN jobs ON jobs.rowid = chosen.job
    WHERE chosen.rowid > :page_after AND chosen.rowid <= :page_end ORDER BY chosen.rowid`;
  const page = db.prepare(sql);
  (page as unknown as ArrayReader).setReturnArrays(asArrays);
  const parameters = parametersOf(sql, values);
  for (let after = 0; after < last; after += PAGE_ROWS) {
    const bounds = { page_after: after, page_end: after + PAGE_ROWS };
    yield* page.all({ ...parameters, ...bounds }) as Iterable<Row>;
  }
}

/** In the runtime since Deno 2.7, not yet in its types. */
interface ArrayReader {
  setReturnArrays(enabled: boolean): void;
}

/** node:sqlite refuses parameters that the statement does not have. */
function parametersOf(sql: string, values: RowQuery["values"]): Record<string, SQLInputValue> {
  const names = new Set(sql.match(/:[a-z]\w*/g));
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(`:${name}`)));
}

/** SQLite says that some JSON is malformed, but not whose. */
function damagedJson(db: DatabaseSync, path: string, cause: unknown): DamagedRow | null {
  if (!/malformed JSON/.test(String(cause))) return null;
  const row = db.prepare("SELECT id FROM jobs WHERE NOT (json_valid(limits) AND json_valid(tags)) LIMIT 1")
    .get();
  return row === undefined ? null : new DamagedRow(String(row["id"]), path, cause);
}
