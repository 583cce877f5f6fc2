/** One screenful of a table, as text that replaces the one before in place. Pure. */
import { bold, type Column, tableLines } from "./table.ts";
import { measureFor, truncate } from "./width.ts";

/** What the terminal has room for. */
export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

/** Lines of text, already harmless, and a table below them. */
export interface FrameParts {
  readonly head: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** Where it goes. */
export interface FrameOptions {
  readonly size: FrameSize;
  /** Bold titles. */
  readonly colour: boolean;
}

const HOME = "\x1b[H";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const NEXT_LINE = "\r\n";

/**
 * No line is wider than the terminal and none is too many; the last one says how many rows are not shown. Nothing is cleared before it
 * is written over, so that nothing flickers.
 */
export async function renderFrame(parts: FrameParts, options: FrameOptions): Promise<string> {
  return wholeFrame(await drawnLines(parts, options), options.size);
}

/** The lines of a frame, each of which clears the rest of its own. */
export async function drawnLines(parts: FrameParts, { size, colour }: FrameOptions): Promise<string[]> {
  const lines = await frameLines(parts, size);
  const measure = await measureFor(lines);
  return lines.map((line, index) => {
    const cut = truncate(line, size.columns, measure);
    const shown = colour && index === parts.head.length ? bold(cut) : cut;
    // After a full line the cursor still stands on its last character, which would be cleared.
    return measure(cut) < size.columns ? shown + CLEAR_LINE_END : shown;
  });
}

/** All of it, whatever stands there. */
export function wholeFrame(drawn: readonly string[], size: FrameSize): string {
  const below = drawn.length < size.rows ? NEXT_LINE + CLEAR_BELOW : "";
  return HOME + drawn.join(NEXT_LINE) + below;
}

/** What makes the frame that stands there the new one: the lines that differ. */
export function changedLines(before: readonly string[], drawn: readonly string[]): string {
  const count = Math.max(before.length, drawn.length);
  return Array.from({ length: count }, (_, row) => {
    const line = drawn[row] ?? CLEAR_LINE_END;
    return line === (before[row] ?? CLEAR_LINE_END) ? "" : lineStart(row) + line;
  }).join("");
}

/** The terminal counts from 1. */
function lineStart(row: number): string {
  return `\x1b[${row + 1};1H`;
}

async function frameLines({ head, columns, rows }: FrameParts, size: FrameSize): Promise<string[]> {
  const titles = 1;
  const free = size.rows - head.length - titles;
  const shown = rows.length <= free ? rows : rows.slice(0, Math.max(0, free - 1));
  const table = [...await tableLines(columns, shown, { widthColumns: size.columns, colour: false })];
  const hidden = rows.length - shown.length;
  return [
    ...head,
    ...table.map((line) => line.slice(0, -1)),
    ...(hidden === 0 ? [] : [`... and ${hidden} more`]),
  ].slice(0, size.rows);
}
