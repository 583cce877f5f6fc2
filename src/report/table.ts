import { printable } from "./escape.ts";
import { MISSING } from "./units.ts";
import { type Measure, measureFor, truncate } from "./width.ts";

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

/**
 * Lines of a table without borders, upper-case titles first, each ending in a newline. Cells are escaped
 * here, so a job's name cannot forge a row; a missing or empty cell is `-`. With no rows there are still the
 * titles.
 */
export async function renderTable(
  columns: readonly Column[],
  rows: readonly Readonly<Record<string, string>>[],
  options: TableOptions,
): Promise<string> {
  const titles = columns.map((column) => printable(column.title.toUpperCase()));
  const cells = rows.map((row) => columns.map((column) => printable(row[column.key] || MISSING)));
  const measure = await measureFor([titles, ...cells].flat());
  const widths = fitWidths(columns, naturalWidths([titles, ...cells], measure), options.widthColumns);
  const lines = [titles, ...cells].map((line) => layLine(line, columns, { widths, measure }));
  if (options.colour && lines[0]) lines[0] = `\x1b[1m${lines[0]}\x1b[22m`;
  return lines.map((line) => `${line}\n`).join("");
}

function naturalWidths(lines: readonly (readonly string[])[], measure: Measure): number[] {
  const widths = (lines[0] ?? []).map(() => 0);
  for (const line of lines) {
    for (const [index, cell] of line.entries()) widths[index] = Math.max(widths[index] ?? 0, measure(cell));
  }
  return widths;
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
  const laid = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    const shown = truncate(cell, width, measure);
    const padding = " ".repeat(Math.max(0, width - measure(shown)));
    return columns[index]?.align === "right" ? padding + shown : shown + padding;
  });
  return laid.join(GAP).trimEnd();
}
