/** What a column of a table needs. */
export interface ColumnNeed {
  /** For its longest cell. */
  readonly whole: number;
  /** For its longest word. */
  readonly word: number;
}

/**
 * Widths for the columns of a table that has `available` in all: what a column needs where that is no more than its share, and equal
 * shares of the rest for the others, but never less than their longest words.
 */
export function columnWidths(needs: readonly ColumnNeed[], available: number): number[] {
  const widths = needs.map(() => 0);
  let open = needs.map((_, index) => index);
  let rest = available;
  while (open.length > 0) {
    const share = Math.max(1, Math.floor(rest / open.length));
    const settled = new Map<number, number>();
    for (const index of open) {
      const { whole, word } = needs[index]!;
      if (whole <= share) settled.set(index, whole);
      else if (word > share) settled.set(index, word);
    }
    if (settled.size === 0) { for (const index of open) settled.set(index, share); }
    for (const [index, width] of settled) {
      widths[index] = width;
      rest -= width;
    }
    open = open.filter((index) => !settled.has(index));
  }
  return widths;
}

/** For one column with these texts in its cells. */
export function columnNeed(texts: readonly string[]): ColumnNeed {
  const longest = (parts: readonly string[]) => Math.max(0, ...parts.map((part) => [...part].length));
  return { whole: longest(texts), word: longest(texts.flatMap((text) => text.split(" "))) };
}
