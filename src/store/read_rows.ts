/** Reads the rows of a query one by one: a million of them must not be in memory at once. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { StoreError } from "../errors.ts";
import { storeError } from "./open.ts";
import { damagedRow } from "./rows.ts";

/** A SELECT with `:name` parameters. */
export interface Query {
  readonly sql: string;
  /** What the SELECT does not name is left out. */
  readonly values: Readonly<Record<string, SQLInputValue>>;
  /** Arrays in the order of the SELECT, which cost half of what objects do. */
  readonly asArrays: boolean;
}

/** In the runtime since Deno 2.7, not yet in its types. */
interface ArrayReader {
  setReturnArrays(enabled: boolean): void;
}

/** The rows as they are taken. Throws StoreError, also half-way. */
export function* readRows<Row>(db: DatabaseSync, path: string, query: Query): Generator<Row> {
  try {
    const statement = db.prepare(query.sql);
    (statement as unknown as ArrayReader).setReturnArrays(query.asArrays);
    const parameters = namedIn(query);
    // Outside of WAL (on NFS) an open reader keeps writers out, and a pager may keep it open for hours.
    const rows = isWriteAhead(db) ? statement.iterate(parameters) : statement.all(parameters);
    for (const row of rows) yield row as Row;
  } catch (cause) {
    throw damagedJson(db, path, cause) ?? storeError("cannot read", path, cause);
  }
}

/** node:sqlite refuses parameters that the statement does not have. */
function namedIn({ sql, values }: Query): Record<string, SQLInputValue> {
  const names = new Set(sql.match(/:[a-z]\w*/g));
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(`:${name}`)));
}

function isWriteAhead(db: DatabaseSync): boolean {
  return db.prepare("PRAGMA journal_mode").get()?.["journal_mode"] === "wal";
}

/** SQLite says that some JSON is malformed, but not whose. */
function damagedJson(db: DatabaseSync, path: string, cause: unknown): StoreError | null {
  if (!/malformed JSON/.test(String(cause))) return null;
  const row = db.prepare("SELECT id FROM jobs WHERE NOT (json_valid(limits) AND json_valid(tags)) LIMIT 1")
    .get();
  return row === undefined ? null : damagedRow(String(row["id"]), { path, cause });
}
