import { isPlainAscii, printable } from "../base/text.ts";
import { MISSING } from "../value/units.ts";
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
  /** Stays when the terminal is too narrow for all; where no column does, all do. */
  readonly isKept?: boolean;
  /** The colour of a cell, by what it says. */
  readonly tint?: (cell: string) => Tint | null;
}

/** Where the table goes. */
export interface TableOptions {
  /** The terminal's width; null for a pipe, where nothing is ever cut. */
  readonly widthColumns: number | null;
  /** Bold titles, and cells by what they mean. */
  readonly colour: boolean;
  /** All columns, whatever the terminal's width. */
  readonly isWide?: boolean;
}

const GAP = "  ";
/** Below this a cut cell says nothing any more; the terminal may wrap instead. */
const MIN_SHRUNK_COLUMNS = 8;
/** A name that is cut to this is still known; columns go before it is cut further. */
const EASY_SHRUNK_COLUMNS = 16;

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
 * titles. Where the terminal is too narrow, columns without a value go first, then those on the right that need not stay. Rows are kept as one string each until all widths are known: a million of them take 200 MB.
 */
export async function tableLines(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
  options: TableOptions,
): Promise<Iterable<string>> {
  const titles = columns.map((column) => printable(column.title.toUpperCase()));
  let measure = await measureFor(titles);
  const natural = titles.map(measure);
  const isEmpty = titles.map(() => true);
  const kept = [titles.join(SEPARATOR)];
  for (const row of rows) {
    const cells: string[] = [];
    for (let index = 0; index < columns.length; index++) {
      const cell = row[index] || MISSING;
      if (cell !== MISSING) isEmpty[index] = false;
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
  const shown = options.isWide
    ? columns.map((_, index) => index)
    : shownColumns(columns, { natural, isEmpty }, options.widthColumns);
  const chosen = shown.map((index) => columns[index]!);
  const widths = fitWidths(chosen, shown.map((index) => natural[index]!), options.widthColumns);
  return layLines(chosen, kept, { widths, measure, colour: options.colour, shown });
}

/** Indexes of the columns for which there is room, in their order. */
function shownColumns(
  columns: readonly Column[],
  { natural, isEmpty }: { natural: readonly number[]; isEmpty: readonly boolean[] },
  available: number | null,
): number[] {
  const shown = columns.map((_, index) => index);
  if (available === null || !columns.some(({ isKept }) => isKept)) return shown;
  const needed = (index: number) => {
    const { shrink, title } = columns[index]!;
    return shrink ? Math.min(natural[index]!, Math.max(EASY_SHRUNK_COLUMNS, title.length)) : natural[index]!;
  };
  const isTooWide = () =>
    shown.reduce((sum, index) => sum + needed(index) + GAP.length, -GAP.length) > available;
  for (const mayGo of [(index: number) => isEmpty[index]!, () => true]) {
    while (isTooWide()) {
      const last = shown.findLastIndex((index) => !columns[index]!.isKept && mayGo(index));
      if (last < 0) break;
      shown.splice(last, 1);
    }
  }
  return shown;
}

/** On a terminal. */
export function bold(line: string): string {
  return `\x1b[1m${line}\x1b[22m`;
}

function* layLines(
  columns: readonly Column[],
  kept: readonly string[],
  { widths, measure, colour, shown }: Layout & { colour: boolean; shown: readonly number[] },
): Generator<string> {
  for (const [index, text] of kept.entries()) {
    const all = text.split(SEPARATOR);
    const cells = shown.length === all.length ? all : shown.map((column) => all[column]!);
    const isTitle = index === 0;
    const line = layLine(cells, columns, { widths, measure, isTinted: colour && !isTitle });
    yield `${isTitle && colour ? bold(line) : line}\n`;
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

function layLine(
  cells: readonly string[],
  columns: readonly Column[],
  { widths, measure, isTinted }: Layout & { isTinted: boolean },
): string {
  let line = "";
  for (let index = 0; index < cells.length; index++) {
    const width = widths[index]!;
    const shown = truncate(cells[index]!, width, measure);
    const padding = " ".repeat(Math.max(0, width - measure(shown)));
    const { align, tint } = columns[index]!;
    const told = isTinted && tint !== undefined ? tinted(shown, tint(cells[index]!)) : shown;
    line += align === "right" ? padding + told : told + padding;
    if (index < cells.length - 1) line += GAP;
  }
  return line.trimEnd();
}
