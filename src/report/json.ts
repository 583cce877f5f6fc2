// Legal inside JSON strings, but not on a terminal: DEL and C1 controls, bidi overrides, zero-width and other
// invisible characters.
const INVISIBLE = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * JSON with two spaces, keys in the order in which the value has them, no newline at the end. Invisible
 * characters are written as `\uXXXX`, which reads back the same. A bigint becomes a number while that is
 * exact and a string beyond.
 */
export function toJson(value: unknown): string {
  return toText(value, 2);
}

/** The same on one line, for JSON Lines. */
export function toJsonLine(value: unknown): string {
  return toText(value, 0);
}

function toText(value: unknown, spaces: number): string {
  const text = JSON.stringify(value, bigintAsNumber, spaces) ?? "null";
  return text.replace(INVISIBLE, escapeUnits);
}

function bigintAsNumber(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
