/** Prints rows of the caller's store for root, who asks as the user (observe/everybody.ts). */
import { UsageError } from "../base/errors.ts";
import type { JobStore } from "../store/jobs.ts";
import { parseSharedWords, SHARED_ROWS, writtenRows } from "../store/shared_rows.ts";
import { chunks } from "../view/report/chunks.ts";

/** `words` say which; stops when `write` gives false. Throws UsageError, StoreError. */
export function printSharedRows(
  words: readonly string[],
  openStore: () => JobStore,
  write: (text: string) => boolean,
): void {
  const request = parseSharedWords(words);
  if (request === null) throw new UsageError(`${SHARED_ROWS}: unknown request`);
  for (const text of chunks(lines(writtenRows(openStore(), request)))) {
    if (!write(text)) break;
  }
}

function* lines(rows: Iterable<string>): Generator<string> {
  for (const row of rows) yield `${row}\n`;
}
