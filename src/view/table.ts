import { isPlainAscii, printable } from "../base/text.ts";
import { MISSING } from "../value/units.ts";
import { fitColumns, type Fitted, GAP } from "./fit_columns.ts";
import { type Tint, tinted } from "./tint.ts";
import { asciiMeasure, type Measure, measureFor, truncate } from "./width.ts";

/** One column of a table. */
export interface Column {
  /** Names the cell in each row. */
  readonly key: string;
  /** Shown in upper case. */
  readonly title: string;
  /** Numbers go to the right. */
  readonly align: "left" | "right";
  /** May be cut when the terminal is too narrow. Default false. */
  readonly shrink?: boolean;
  /** Stays on a narrow terminal when others go. Default false. */
  readonly isKept?: boolean;
  /** The colour of a cell, by what it says. */
  readonly tint?: (cell: string) => Tint | null;
}

/** Where the table goes. */
export interface TableOptions {
  /** The terminal's width, which no line exceeds; null for a pipe, where nothing is ever cut or left out. */
  readonly widthColumns: number | null;
  /** Bold titles, and cells by what they mean. */
  readonly colour: boolean;
  /** All columns, whatever the terminal's width. */
  readonly isWide?: boolean;
}

/** Between the cells of a row that waits for its widths: printable() lets no such character through. */
const SEPARATOR = "\x1f";

/** All of {@link tableLines}, with cells by the keys of their columns. */
export async function renderTable(
  columns: readonly Column[],
  rows: readonly Readonly<Record<string, string>>[],
  options: TableOptions,
): Promise<string> {
  const cells = rows.map((row) => columns.map((column) => row[column.key] ?? ""));
  return [...await tableLines(columns, cells, options)].join("");
}

/**
 * Lines of a table without borders, upper-case titles first, each ending in a newline. Cells are escaped
 * here, so a job's name cannot forge a row; a missing or empty cell is `-`. With no rows there are still the
 * titles. Where the terminal is too narrow, columns go
 * (fit_columns.ts). Rows are kept as one string each until all widths are known: a million of them take 200 MB.
 */
export async function tableLines(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
  options: TableOptions,
): Promise<Iterable<string>> {
  const titles = columns.map((column) => printable(column.title.toUpperCase()));
  let measure = await measureFor(titles);
  const natural = titles.map(measure);
  const holds = titles.map(() => false);
  const kept = [titles.join(SEPARATOR)];
  for (const row of rows) {
    const cells: string[] = [];
    for (let index = 0; index < columns.length; index++) {
      const cell = row[index] || MISSING;
      if (cell !== MISSING) holds[index] = true;
      if (isPlainAscii(cell)) {
        cells.push(cell);
        natural[index] = Math.max(natural[index]!, cell.length);
        continue;
      }
      const harmless = printable(cell);
      if (measure === asciiMeasure) measure = await measureFor([harmless]);
      cells.push(harmless);
      natural[index] = Math.max(natural[index]!, measure(harmless));
    }
    kept.push(cells.join(SEPARATOR));
  }
  const fitted = fitColumns(columns, { natural, holds }, {
    available: options.widthColumns,
    isWide: options.isWide ?? false,
  });
  return layLines(columns, kept, { fitted, measure, colour: options.colour });
}

/** On a terminal. */
export function bold(line: string): string {
  return `\x1b[1m${line}\x1b[22m`;
}

interface Layout {
  readonly fitted: readonly Fitted[];
  readonly measure: Measure;
  /** Of the cells. */
  readonly colour: boolean;
}

function* layLines(columns: readonly Column[], kept: readonly string[], layout: Layout): Generator<string> {
  const titles = { ...layout, colour: false };
  for (const [index, text] of kept.entries()) {
    const isTitle = index === 0;
    const line = layLine(text.split(SEPARATOR), columns, isTitle ? titles : layout);
    yield `${isTitle && layout.colour ? bold(line) : line}\n`;
  }
}

function layLine(
  cells: readonly string[],
  columns: readonly Column[],
  { fitted, measure, colour }: Layout,
): string {
  let line = "";
  for (let at = 0; at < fitted.length; at++) {
    const { index, width } = fitted[at]!;
    const { align, tint } = columns[index]!;
    const cell = cells[index]!;
    const shown = truncate(cell, width, measure);
    const padding = " ".repeat(Math.max(0, width - measure(shown)));
    const seen = colour && tint !== undefined ? tinted(shown, tint(cell)) : shown;
    if (at > 0) line += GAP;
    line += align === "right" ? padding + seen : seen + padding;
  }
  return line.trimEnd();
}
