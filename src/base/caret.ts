import { printableAscii } from "./text.ts";

/** Columns of input shown on either side of the caret; a 10 kB value must not fill the screen. */
const SIDE_COLUMNS = 36;
const CUT = "...";

/**
 * Two lines, the input around `offset` (in UTF-16 units) and a caret under the character there. The input is
 * shown in ASCII only: terminals disagree about the width of everything else, and the caret has to be right
 * on all of them.
 */
export function caretLines(input: string, offset: number): [string, string] {
  // One UTF-16 unit never takes less than one column, so more than SIDE_COLUMNS units cannot be shown anyway.
  const before = escapedCharacters(input.slice(Math.max(0, offset - SIDE_COLUMNS), offset)).reverse();
  const after = escapedCharacters(input.slice(offset, offset + SIDE_COLUMNS));
  const left = takeColumns(before).reverse().join("");
  const right = takeColumns(after).join("");
  const leftCut = isCut(before, offset) ? CUT : "";
  const rightCut = isCut(after, input.length - offset) ? CUT : "";
  const shownLeft = leftCut + left;
  return [shownLeft + right + rightCut, `${" ".repeat(shownLeft.length)}^`];
}

function escapedCharacters(text: string): string[] {
  return Array.from(text, printableAscii);
}

function takeColumns(pieces: readonly string[]): string[] {
  let columns = 0;
  return pieces.filter((piece) => (columns += piece.length) <= SIDE_COLUMNS);
}

function isCut(pieces: readonly string[], sideUnits: number): boolean {
  return sideUnits > SIDE_COLUMNS || pieces.join("").length > SIDE_COLUMNS;
}
