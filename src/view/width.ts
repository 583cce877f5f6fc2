import { isPlainAscii } from "../base/text.ts";

/** Display columns of a printable text. */
export type Measure = (text: string) => number;

const ELLIPSIS = "…";

/**
 * The measure that is right for these texts. Loading string-width costs some 20 ms, so nearly every table,
 * being all ASCII, goes without it.
 */
export async function measureFor(texts: Iterable<string>): Promise<Measure> {
  for (const text of texts) {
    if (!isPlainAscii(text)) return remembering((await import("string-width")).default);
  }
  return asciiMeasure;
}

/** Right for plain ASCII only. */
export function asciiMeasure(text: string): number {
  return text.length;
}

/** Segmenting a text takes some 5 us, and a table asks three times for each cell. */
function remembering(measure: Measure): Measure {
  const known = new Map<string, number>();
  return (text) => {
    if (isPlainAscii(text)) return text.length;
    const columns = known.get(text) ?? measure(text);
    known.set(text, columns);
    return columns;
  };
}

/**
 * The text if it fits, else its beginning and an ellipsis, in at most `columns` columns and never through a
 * character.
 */
export function truncate(text: string, columns: number, measure: Measure): string {
  if (measure(text) <= columns) return text;
  if (columns < 1) return "";
  if (isPlainAscii(text)) return text.slice(0, columns - 1) + ELLIPSIS;
  let kept = "";
  let free = columns - 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    free -= measure(segment);
    if (free < 0) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
}
