/** Prints rows of the caller's store for root, who asks as the user (observe/everybody.ts). */
import { SHARED_ROWS } from "../base/called_by_itself.ts";
import { UsageError } from "../base/errors.ts";
import type { JobStore } from "../store/jobs.ts";
import { bothStores } from "../store/former_store.ts";
import { parseSharedWords, type SharedRequest, writtenEndings, writtenRows } from "../store/shared_rows.ts";
import { chunks } from "../view/report/chunks.ts";

/** The user's store, and the one from before it had its present place. */
export function storesHere(store: JobStore, former: JobStore | null): JobStore[] {
  return former === null ? [store] : [store, former];
}

/** `words` say which; stops when `write` gives false. Throws UsageError, StoreError. */
export function printSharedRows(
  words: readonly string[],
  openStores: () => readonly JobStore[],
  write: (text: string) => boolean,
): void {
  const request = parseSharedWords(words);
  if (request === null) throw new UsageError(`${SHARED_ROWS}: unknown request`);
  for (const text of chunks(lines(rowsOf(openStores(), request)))) {
    if (!write(text)) break;
  }
}

function rowsOf(stores: readonly JobStore[], request: SharedRequest): Iterable<string> {
  if (request.which === "ended") return writtenEndings(stores, request.seen);
  return writtenRows(bothStores(stores[0]!, stores[1] ?? null), request);
}

function* lines(rows: Iterable<string>): Generator<string> {
  for (const row of rows) yield `${row}\n`;
}
