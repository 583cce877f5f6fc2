/** Which known word a mistyped one, or one of another tool, may have been meant for. */
import { meantBy } from "./meanings.ts";

/** Slips (a wrong, missing, additional or swapped character) that a word of that length may have. */
const SLIPS_PER_CHARACTER = 0.4;

/** The nearest of `words`, or one that the text begins or continues; null when none is near. */
export function nearest(text: string, words: readonly string[]): string | null {
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(text.length * SLIPS_PER_CHARACTER)) + 1;
  for (const word of words) {
    const slips = slipsBetween(text.toLowerCase(), word.toLowerCase());
    if (slips < fewest) [best, fewest] = [word, slips];
  }
  return best ?? words.find((word) => text.length > 2 && (word.startsWith(text) || word.includes(text))) ??
    null;
}

/** Edit distance in which a swap of neighbours counts once (optimal string alignment). */
function slipsBetween(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const differs = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + differs);
      if (isSwap) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** `, did you mean NEAR?` for the end of a refusal, by meaning and then by distance; empty when nothing is near. */
export function hintOf(text: string, known: readonly string[]): string {
  const near = meantBy(text, known) ?? nearest(text, known);
  return near === null ? "" : `, did you mean ${near}?`;
}
