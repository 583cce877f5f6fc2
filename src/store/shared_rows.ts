/**
 * Rows of one user's store as text for root, which opens no file that a user can write: the user's own process prints them (`writtenRows`),
 * and root reads them as it would read any stranger's input (`readRowsOfUser`).
 *
 * A line of JSON each: the names of the columns, then the values of a row in that order, at the end the number of rows. Without that last
 * line the answer was cut short.
 */
import type { SQLInputValue } from "node:sqlite";
import { toJsonLine } from "../base/json.ts";
import { isJobId } from "../value/id.ts";
import { arePositions, endingsSince, type Positions } from "./endings.ts";
import { recentSql } from "./find.ts";
import type { JobStore } from "./jobs.ts";
import type { RowQuery } from "./pages.ts";

/** Which jobs: the live ones; these and the last ended ones; the ones that ran after a moment (milliseconds since the epoch); the next ones that ended behind these positions; or the ones that bear a word. */
export type SharedRequest =
  | { readonly which: "live" }
  | { readonly which: "recent"; readonly count: number }
  | { readonly which: "since"; readonly sinceMs: number }
  | { readonly which: "ended"; readonly seen: Positions }
  | { readonly which: "named"; readonly word: string };

/** The words after it. */
export function sharedWords(request: SharedRequest): string[] {
  switch (request.which) {
    case "live":
      return ["live"];
    case "recent":
      return ["recent", String(request.count)];
    case "since":
      return ["since", String(request.sinceMs)];
    case "ended":
      return ["ended", JSON.stringify(request.seen)];
    case "named":
      return ["named", request.word];
  }
}

/** Back from the words; null for others. */
export function parseSharedWords([which, value = ""]: readonly string[]): SharedRequest | null {
  if (which === "live") return { which };
  if (which === "recent" && /^\d{1,6}$/.test(value)) return { which, count: Number(value) };
  if (which === "since" && /^\d+$/.test(value)) return { which, sinceMs: Number(value) };
  if (which === "ended") return endedRequest(parsed(value));
  return which === "named" && value !== "" ? { which, word: value } : null;
}

function endedRequest(seen: unknown): SharedRequest | null {
  return arePositions(seen) ? { which: "ended", seen } : null;
}

/** No store has more jobs of one name that matter, newest first. */
const NAMED_ROWS = 100;
/** Of one value; the longest command line that the kernel starts is 2 MiB. */
const VALUE_CHARACTERS = 4 * 1024 * 1024;

/** The lines, without line breaks. Throws StoreError. */
export function* writtenRows(store: JobStore, request: SharedRequest): Generator<string> {
  const columns = store.columns();
  yield JSON.stringify(columns);
  let count = 0;
  for (
    const row of store.rows<unknown[]>({
      select: columns.map((name) => `"${name}"`),
      ...sharedRowsQuery(request),
    })
  ) {
    yield toJsonLine(row);
    count++;
  }
  yield JSON.stringify({ rows: count });
}

/** A column of their own behind the others: the name of the store that the row is of. */
export const FROM_STORE = "from_store";

/** Of one answer; the next one begins behind them. */
const ENDED_ROWS = 1_000;
const ENDED_CHARACTERS = 16 * 1024 * 1024;

/** The same of several stores: the jobs that ended behind what was seen of each. Throws StoreError. */
export function* writtenEndings(stores: readonly JobStore[], seen: Positions): Generator<string> {
  const columns = stores[0]!.columns();
  yield JSON.stringify([...columns, FROM_STORE]);
  let [rows, characters] = [0, 0];
  for (const store of stores) {
    const { store: name, after, last } = endingsSince(store.endings(), seen, store.path);
    const query = {
      select: columns.map((column) => `"${column}"`),
      where: "ended_seq > :after AND ended_seq <= :last",
      order: "ended_seq",
      limit: ENDED_ROWS,
      values: { after, last },
    };
    for (const row of store.rows<unknown[]>(query)) {
      if (rows >= ENDED_ROWS || characters >= ENDED_CHARACTERS) break;
      const line = toJsonLine([...row, name]);
      yield line;
      rows++;
      characters += line.length;
    }
  }
  yield JSON.stringify({ rows });
}

/** The jobs that are meant, of a store. */
export function sharedRowsQuery(request: SharedRequest): Omit<RowQuery, "select"> {
  const newest = { order: "created_at_ms DESC, rowid DESC", limit: NAMED_ROWS };
  switch (request.which) {
    case "live":
      return {
        where: "state <> 'ended' OR survivors <> '[]'",
        order: "+created_at_ms, rowid",
        limit: null,
        values: {},
      };
    case "recent":
      return {
        where: recentSql(":count"),
        order: "+created_at_ms, rowid",
        limit: null,
        values: { count: request.count },
      };
    case "since":
      return {
        where: "(ended_at_ms >= :since OR ended_at_ms IS NULL)",
        order: "+created_at_ms, rowid",
        limit: null,
        values: { since: request.sinceMs },
      };
    case "ended":
      return { where: "ended_seq IS NOT NULL", order: "ended_seq", limit: null, values: {} };
    case "named":
      return {
        where: "id = :word OR (id >= :word AND id < :after) OR ref = :word OR name = :word",
        ...newest,
        values: { word: request.word, after: `${request.word}~` },
      };
  }
}

/** The rows of an answer, and what is wrong with it: null when nothing is. */
export interface SharedRows {
  rows: Record<string, SQLInputValue>[];
  wrong: string | null;
}

/** More of a user's rows than of any honest one for what was asked. */
export function mostRows(request: SharedRequest): number {
  switch (request.which) {
    case "live":
      return 10_000;
    case "recent":
      return 10_000 + request.count;
    case "since":
      return 1_000_000;
    case "ended":
      return 10_000;
    case "named":
      return 10_000;
  }
}

/** Never throws: what is no row is left out, and said; nothing is read behind the `most` first rows. */
export function readRowsOfUser(text: string, most = Infinity): SharedRows {
  const lines = text.split("\n", Math.min(most + 2, 2 ** 31));
  const columns = columnsIn(lines[0] ?? "");
  if (columns === null) return { rows: [], wrong: "its answer is not what corral prints" };
  const rows: SharedRows["rows"] = [];
  let wrong: string | null = null;
  for (const line of lines.slice(1)) {
    const value = parsed(line);
    if (isEnd(value)) return { rows, wrong };
    const row = rowIn(value, columns);
    if (row === null) wrong = "a row of its answer is no job";
    else rows.push(row);
  }
  const isTooLong = rows.length >= most;
  return {
    rows: rows.slice(0, most),
    wrong: isTooLong ? `it has more than ${most} jobs` : "its answer was cut short",
  };
}

function columnsIn(line: string): string[] | null {
  const names = parsed(line);
  const areNames = Array.isArray(names) && names.length > 0 &&
    names.every((name) => typeof name === "string" && /^[a-z][a-z0-9_]*$/.test(name));
  return areNames ? names : null;
}

function rowIn(value: unknown, columns: readonly string[]): SharedRows["rows"][number] | null {
  if (!Array.isArray(value) || value.length !== columns.length || !value.every(isValue)) return null;
  const row = Object.fromEntries(columns.map((name, index) => [name, value[index] as SQLInputValue]));
  return typeof row["id"] === "string" && isJobId(row["id"]) ? row : null;
}

/** A REAL is in no column. */
function isValue(value: unknown): boolean {
  return value === null || Number.isSafeInteger(value) ||
    typeof value === "string" && value.length <= VALUE_CHARACTERS;
}

function isEnd(value: unknown): boolean {
  return typeof value === "object" && value !== null && Number.isInteger((value as { rows?: unknown }).rows);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
