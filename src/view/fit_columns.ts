/** Which columns of a table the terminal has room for, and how wide each of them is. Pure. */

/** What decides of a column whether it stays. */
export interface FitColumn {
  readonly title: string;
  /** May be cut. */
  readonly shrink?: boolean;
  /** What the table is for: it goes only when nothing can be cut any more. */
  readonly isKept?: boolean;
}

/** What the cells of the columns need. */
export interface Contents {
  /** The widest cell or title of each column. */
  readonly natural: readonly number[];
  /** Whether a cell of it has a value. */
  readonly holds: readonly boolean[];
}

/** What there is room for. */
export interface Room {
  /** The terminal's width; null for a pipe. */
  readonly available: number | null;
  /** All columns stay, whatever the terminal's width. */
  readonly isWide: boolean;
}

/** One column that stays. */
export interface Fitted {
  /** Among all columns. */
  readonly index: number;
  readonly width: number;
}

/** Between two columns. */
export const GAP = "  ";
/** A name is cut to this before a column goes. */
const COMFORTABLE_COLUMNS = 16;
/** Below this a cut cell says nothing any more. */
const MIN_SHRUNK_COLUMNS = 8;

/**
 * The empty ones go first, then the ones at the right end, until the rest fits; the first one always stays. In a pipe all stay, as
 * wide as they are.
 */
export function fitColumns(
  columns: readonly FitColumn[],
  { natural, holds }: Contents,
  { available, isWide }: Room,
): Fitted[] {
  const all: Candidate[] = columns.map((column, index) => ({ index, column, width: natural[index]! }));
  if (available === null) return all;
  const least = (atLeast: number) => ({ column, width }: Candidate) =>
    column.shrink ? Math.min(width, Math.max(atLeast, column.title.length)) : width;
  const [comfortable, tight] = [least(COMFORTABLE_COLUMNS), least(MIN_SHRUNK_COLUMNS)];
  if (isWide) return totalOf(all.map(tight)) > available ? all : shrunk(all, available, tight);
  const passes: readonly Pass[] = [
    { width: comfortable, goes: ({ index }) => !holds[index] },
    { width: comfortable, goes: ({ column }) => !column.isKept && !column.shrink },
    { width: tight, goes: ({ column }) => !column.isKept },
    { width: tight, goes: () => true },
  ];
  const kept = passes.reduce((left, pass) => without(left, available, pass), all);
  return shrunk(kept, available, tight);
}

interface Candidate extends Fitted {
  readonly column: FitColumn;
}

type WidthOf = (candidate: Candidate) => number;

/** Which columns may go, when the rest is as wide as that. */
interface Pass {
  readonly width: WidthOf;
  readonly goes: (candidate: Candidate) => boolean;
}

/** Takes from the right what may go, until the rest fits. */
function without(
  candidates: readonly Candidate[],
  available: number,
  { width, goes }: Pass,
): Candidate[] {
  const kept = [...candidates];
  for (let at = kept.length - 1; at > 0 && totalOf(kept.map(width)) > available; at--) {
    if (goes(kept[at]!)) kept.splice(at, 1);
  }
  return kept;
}

/** Takes columns from the widest shrinkable cell until the line fits; a lone column is cut whatever it is. */
function shrunk(kept: readonly Candidate[], available: number, tight: WidthOf): Fitted[] {
  const widths = kept.map(({ width }) => width);
  const floors = kept.map((one) => kept.length === 1 ? 1 : tight(one));
  for (let excess = totalOf(widths) - available; excess > 0; excess--) {
    const widest = widestAbove(widths, floors);
    if (widest === null) break;
    widths[widest]!--;
  }
  return kept.map(({ index }, at) => ({ index, width: widths[at]! }));
}

function widestAbove(widths: readonly number[], floors: readonly number[]): number | null {
  let widest: number | null = null;
  for (const [at, width] of widths.entries()) {
    if (width > floors[at]! && (widest === null || width > widths[widest]!)) widest = at;
  }
  return widest;
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
}
