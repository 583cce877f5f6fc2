/** Reads the rows of a query a page at a time: a million of them must not be in memory at once. */
import type { SQLInputValue } from "node:sqlite";
import type { Database, Statement } from "./database.ts";
import { storeError } from "./open.ts";
import { allOf, DamagedRow } from "./rows.ts";

/** A figure or word as the store has it; null where it is unknown. */
export type Value = string | number | null;

/** Rows of `jobs`. */
export interface RowQuery {
  /** What is read of each: SQL over `jobs` with `:name` parameters. */
  readonly select: readonly string[];
  /** Which: a condition; null for all. */
  readonly where: string | null;
  /** Terms of ORDER BY; null for the order in which they were recorded, which takes no memory. */
  readonly order: string | null;
  /** The first so many; null for all. */
  readonly limit: number | null;
  /** Its order is settled in a file, for a store that is one without a name (openScratch()); otherwise in memory. */
  readonly isOnDisk?: true;
  /** What neither of the two names is left out. */
  readonly values: Readonly<Record<string, SQLInputValue>>;
}

/** Of arrays that are gone before the next page comes, and past which the cost of a statement no longer shows. */
const PAGE_ROWS = 1_000;

/**
 * The rows as they are taken: arrays of the values of `select`, which cost a fraction of what objects do in this runtime. Throws StoreError, also half-way.
 *
 * One statement stepped row by row costs twice the time in this runtime, and it would be open for as long as a pager waits for its user:
 * on NFS, without WAL, no job could be recorded then. A job that is dropped meanwhile is left out, one that is recorded meanwhile too.
 */
export function* readPages<Row>(db: Database, path: string, query: RowQuery): Generator<Row> {
  try {
    yield* query.order === null ? walk<Row>(db, query) : settled<Row>(db, { ...query, order: query.order });
  } catch (cause) {
    throw damagedJson(db, path, cause) ?? storeError("cannot read", path, cause);
  }
}

/** Each page begins behind the last row of the one before it, found by the index jobs_created. */
function* walk<Row>(db: Database, { select, where, limit, values }: RowQuery): Generator<Row> {
  const last = Number(db.prepare("SELECT max(rowid) AS last FROM jobs").get()?.["last"] ?? 0);
  const sql = `SELECT ${select.join(", ")}, created_at_ms, rowid FROM jobs
    WHERE rowid <= :page_last AND (created_at_ms, rowid) > (:page_ms, :page_row)${
    where === null ? "" : ` AND (${where})`
  }
    ORDER BY created_at_ms, rowid LIMIT :page_rows`;
  const page = prepare(db, sql);
  const parameters = { ...parametersOf(sql, values), page_last: last };
  let behind = { page_ms: -Infinity, page_row: 0 };
  for (let left = limit ?? Infinity; left > 0;) {
    const wanted = Math.min(PAGE_ROWS, left);
    const rows = allOf(page, [{ ...parameters, ...behind, page_rows: wanted }]) as unknown as number[][];
    const [page_ms, page_row] = rows.at(-1)?.slice(-2) ?? [];
    for (const row of rows) row.length = select.length;
    yield* rows as Iterable<Row>;
    if (rows.length < wanted || page_ms === undefined || page_row === undefined) return;
    behind = { page_ms, page_row };
    left -= rows.length;
  }
}

/** First the order is settled: a table of row numbers, 12 bytes each, in memory and not on a disk that may be full, unless told. Then come pages. */
function* settled<Row>(db: Database, query: RowQuery & { order: string }): Generator<Row> {
  db.prepare(`PRAGMA temp_store = ${query.isOnDisk ? "FILE" : "MEMORY"}`).get();
  const chosen = settle(db, query);
  try {
    yield* pages<Row>(db, chosen, query);
  } finally {
    db.prepare(`DROP TABLE temp.${chosen}`).run();
  }
}

let tables = 0;

/** The name of a temporary table of row numbers, numbered from 1 in their order (CREATE TABLE AS gives them so). */
function settle(db: Database, { where, order, limit, values }: RowQuery): string {
  const name = `chosen_${++tables}`;
  const filtered = where === null ? "" : `WHERE ${where}`;
  const sql = `CREATE TEMP TABLE ${name} AS SELECT rowid AS job FROM jobs ${filtered} ORDER BY ${order}${
    limit === null ? "" : ` LIMIT ${limit}`
  }`;
  db.prepare(sql).run(parametersOf(sql, values));
  return name;
}

function* pages<Row>(
  db: Database,
  chosen: string,
  { select, values }: RowQuery,
): Generator<Row> {
  const last = Number(db.prepare(`SELECT max(rowid) AS last FROM temp.${chosen}`).get()?.["last"] ?? 0);
  const sql = `SELECT ${
    select.join(", ")
  } FROM temp.${chosen} AS chosen CROSS JOIN jobs ON jobs.rowid = chosen.job
    WHERE chosen.rowid > :page_after AND chosen.rowid <= :page_end ORDER BY chosen.rowid`;
  const page = prepare(db, sql);
  const parameters = parametersOf(sql, values);
  for (let after = 0; after < last; after += PAGE_ROWS) {
    const bounds = { page_after: after, page_end: after + PAGE_ROWS };
    yield* allOf(page, [{ ...parameters, ...bounds }]) as Iterable<Row>;
  }
}

function prepare(db: Database, sql: string): Statement {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** node:sqlite refuses parameters that the statement does not have. */
function parametersOf(sql: string, values: RowQuery["values"]): Record<string, SQLInputValue> {
  const names = new Set(sql.match(/:[a-z]\w*/g));
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(`:${name}`)));
}

/** SQLite says that some JSON is malformed, but not whose. */
function damagedJson(db: Database, path: string, cause: unknown): DamagedRow | null {
  if (!/malformed JSON/.test(String(cause))) return null;
  const row = db.prepare("SELECT id FROM jobs WHERE NOT (json_valid(limits) AND json_valid(tags)) LIMIT 1")
    .get();
  return row === undefined ? null : new DamagedRow(String(row["id"]), path, cause);
}
