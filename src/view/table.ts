import { isPlainAscii, printable } from "../base/text.ts";
import { MISSING } from "../value/units.ts";
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
}

/** Where the table goes. */
export interface TableOptions {
  /** The terminal's width; null for a pipe, where nothing is ever cut. */
  readonly widthColumns: number | null;
  /** Bold titles. */
  readonly colour: boolean;
}

const GAP = "  ";
/** Below this a cut cell says nothing any more; the terminal may wrap instead. */
const MIN_SHRUNK_COLUMNS = 8;

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
 * titles. Rows are kept as one string each until all widths are known: a million of them take 200 MB.
 */
export async function tableLines(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
  options: TableOptions,
): Promise<Iterable<string>> {
  const titles = columns.map((column) => printable(column.title.toUpperCase()));
  let measure = await measureFor(titles);
  const natural = titles.map(measure);
  const kept = [titles.join(SEPARATOR)];
  for (const row of rows) {
    const cells: string[] = [];
    for (let index = 0; index < columns.length; index++) {
      const cell = row[index] || MISSING;
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
  const widths = fitWidths(columns, natural, options.widthColumns);
  return layLines(columns, kept, { widths, measure, colour: options.colour });
}

/** On a terminal. */
export function bold(line: string): string {
  return `\x1b[1m${line}\x1b[22m`;
}

function* layLines(
  columns: readonly Column[],
  kept: readonly string[],
  { widths, measure, colour }: Layout & { colour: boolean },
): Generator<string> {
  for (const [index, text] of kept.entries()) {
    const line = layLine(text.split(SEPARATOR), columns, { widths, measure });
    yield `${index === 0 && colour ? bold(line) : line}\n`;
  }
}

/** Takes columns from the widest shrinkable cell until the line fits or nothing may be shrunk further. */
function fitWidths(
  columns: readonly Column[],
  natural: readonly number[],
  available: number | null,
): number[] {
  const widths = [...natural];
  if (available === null) return widths;
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  for (let excess = total - available; excess > 0; excess--) {
    const widest = widestShrinkable(columns, widths);
    if (widest === null) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function widestShrinkable(columns: readonly Column[], widths: readonly number[]): number | null {
  let widest: number | null = null;
  for (const [index, column] of columns.entries()) {
    const width = widths[index] ?? 0;
    const least = Math.max(MIN_SHRUNK_COLUMNS, column.title.length);
    if (column.shrink && width > least && (widest === null || width > (widths[widest] ?? 0))) widest = index;
  }
  return widest;
}

interface Layout {
  readonly widths: readonly number[];
  readonly measure: Measure;
}

function layLine(cells: readonly string[], columns: readonly Column[], { widths, measure }: Layout): string {
  let line = "";
  for (let index = 0; index < cells.length; index++) {
    const width = widths[index]!;
    const shown = truncate(cells[index]!, width, measure);
    const padding = " ".repeat(Math.max(0, width - measure(shown)));
    line += columns[index]!.align === "right" ? padding + shown : shown + padding;
    if (index < cells.length - 1) line += GAP;
  }
  return line.trimEnd();
}
