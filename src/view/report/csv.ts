/** CSV as RFC 4180 has it. Pure. */
import { printable } from "../../base/text.ts";
import type { ReportColumn } from "./columns.ts";
import type { Present, ShownColumn, Value } from "../shown_column.ts";

/** A field of each line, or several that SQLite has joined. */
export interface CsvField {
  readonly titles: readonly string[];
  readonly isJoined: boolean;
  /** The value as it stands between the commas. */
  readonly write: (value: Present) => string;
}

const NEEDS_QUOTES = /[",\r\n]/;
const END = "\r\n";

/**
 * Titles, then a line for each row. An unknown value is an empty field. A cell is the value itself, also when a spreadsheet would take it
 * for a formula: names are data.
 */
export function* csvLines(
  fields: readonly Pick<CsvField, "titles" | "write">[],
  rows: Iterable<readonly Value[]>,
): Generator<string> {
  const writers = fields.map(({ write }) => write);
  const titles = fields.flatMap((field) => field.titles);
  yield titles.join(",") + END;
  for (const row of rows) {
    let line = written(row[0]!, writers[0]!);
    for (let index = 1; index < writers.length; index++) line += `,${written(row[index]!, writers[index]!)}`;
    // A line without any character would be no row at all to most readers.
    yield (line === "" ? '""' : line) + END;
  }
}

function written(value: Value, write: (value: Present) => string): string {
  return value === null ? "" : write(value);
}

/** One column. On a terminal, control characters in its text are shown escaped instead. */
export function csvField({ jsonKey, write }: ShownColumn, isForTerminal: boolean): CsvField {
  const quote = isForTerminal ? (text: string) => quotedField(printable(text)) : quotedField;
  const value = write ?? ((given: Present) => given);
  return {
    titles: [jsonKey],
    isJoined: false,
    write: (given) => {
      const text = value(given);
      return typeof text === "number" ? String(text) : quote(text);
    },
  };
}

/** Columns of jobs. Neighbours whose values never need quotes are joined by SQLite: to make a text of each here costs more than all else. */
export function csvFields(columns: readonly ReportColumn[], isForTerminal: boolean): CsvField[] {
  const fields: CsvField[] = [];
  let plain: ReportColumn[] = [];
  const flush = () => {
    if (plain.length > 0) fields.push(joined(plain));
    plain = [];
  };
  for (const column of columns) {
    if (column.isPlain) plain.push(column);
    else {
      flush();
      fields.push(csvField(column, isForTerminal));
    }
  }
  flush();
  return fields;
}

function joined(columns: readonly ReportColumn[]): CsvField {
  return { titles: columns.map(({ jsonKey }) => jsonKey), isJoined: true, write: String };
}

function quotedField(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
