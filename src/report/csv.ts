/** CSV as RFC 4180 has it. Pure. */
import { printable } from "./escape.ts";
import type { Present, ShownColumn, Value } from "./shown_column.ts";

const NEEDS_QUOTES = /[",\r\n]/;
const END = "\r\n";

/**
 * Titles, then a line for each row; values beyond the columns are left out. An unknown value is an empty field. A cell is the value
 * itself, also when a spreadsheet would take it for a formula: names are data. With `isForTerminal`, control characters are shown
 * escaped instead.
 */
export function* csvLines(
  columns: readonly ShownColumn[],
  rows: Iterable<readonly Value[]>,
  { isForTerminal }: { isForTerminal: boolean },
): Generator<string> {
  const quote = isForTerminal ? (text: string) => quotedField(printable(text)) : quotedField;
  const writers = columns.map(({ write }) => write ?? null);
  yield columns.map(({ jsonKey }) => quote(jsonKey)).join(",") + END;
  for (const row of rows) {
    let line = field(row[0] ?? null, writers[0]!, quote);
    // A line without any character would be no row at all to most readers.
    if (line === "" && columns.length === 1) line = '""';
    for (let index = 1; index < columns.length; index++) {
      line += `,${field(row[index] ?? null, writers[index]!, quote)}`;
    }
    yield line + END;
  }
}

function field(
  value: Value,
  write: ((value: Present) => Present) | null,
  quote: (text: string) => string,
): string {
  if (value === null) return "";
  const written = write === null ? value : write(value);
  return typeof written === "number" ? String(written) : quote(written);
}

function quotedField(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
