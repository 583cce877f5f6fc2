// Legal inside JSON strings, but not on a terminal: DEL and C1 controls, bidi overrides, zero-width and other
// invisible characters.
const INVISIBLE = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Found much faster than that there is nothing invisible. */
const UNSUSPICIOUS = /^[\n\x20-\x7e]*$/;

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
  const text = stringified(value, spaces);
  return UNSUSPICIOUS.test(text) ? text : text.replace(INVISIBLE, escapeUnits);
}

/** A replacer is asked for every key, which takes longer than all else: so only when there is a bigint, which JSON.stringify refuses. */
function stringified(value: unknown, spaces: number): string {
  try {
    return JSON.stringify(value, null, spaces) ?? "null";
  } catch (error) {
    if (!/BigInt/.test(String(error))) throw error;
    return JSON.stringify(value, bigintAsNumber, spaces);
  }
}

function bigintAsNumber(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

function escapeUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
