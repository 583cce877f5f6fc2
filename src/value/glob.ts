/** Shell patterns for names: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before a character that is meant as it is. */
import { ValueError } from "../base/errors.ts";

const ACCEPTED = ["a name in which * is any text, ? any character, [a-z] and [!a-z] one of or none of these"];
const SPECIAL = /[*?[]/g;

/**
 * The pattern of SQLite's GLOB operator that matches the same names as the shell's pattern. SQLite's has no escape, so a special
 * character is put in brackets; and it negates with `^` only. A `[` that is never closed and a `\` at the end are themselves, as in a shell. Throws ValueError.
 */
export function sqliteGlob(text: string): string {
  let pattern = "";
  for (let offset = 0; offset < text.length;) {
    const set = text[offset] === "[" ? readSet(text, offset) : null;
    if (set !== null) {
      pattern += set.pattern;
      offset = set.end;
    } else if (text[offset] === "\\") {
      const character = escapedAt(text, offset) ?? "\\";
      pattern += literal(character);
      offset += 1 + character.length;
    } else {
      pattern += text[offset] === "[" ? "[[]" : text[offset];
      offset += 1;
    }
  }
  if (pattern === "") throw refusal(text, 0, "it is empty");
  return pattern;
}

/** `[…]` from its bracket on; null when it is not closed. */
function readSet(text: string, start: number): { pattern: string; end: number } | null {
  const match = /\[([!^]?)(\]?(?:\\.|[^\]\\])*)\]/suy;
  match.lastIndex = start;
  const [whole, negation, body] = match.exec(text) ?? [];
  if (whole === undefined || body === undefined) return null;
  if (body.startsWith("[:")) {
    throw refusal(
      text,
      start,
      "classes such as [:alpha:] are not known: write the characters, or \\[ for a [ that is meant as it is",
    );
  }
  return { pattern: setPattern(negation !== "", body), end: start + whole.length };
}

/** What SQLite reads literally only at certain places: `]` and `-` at the beginning, `^` anywhere else. */
function setPattern(isNegated: boolean, body: string): string {
  const items = body.match(/(?:\\.|[^\\])-(?:\\.|[^\\])|\\.|[^\\]/gsu) ?? [];
  const members = items.map((item) => item.replace(/\\(.)/gsu, "$1"));
  const [first, last] = [["]", "-"], ["^"]].map((some) =>
    some.filter((one) => members.includes(one)).join("")
  );
  const middle = members.filter((member) => !["]", "-", "^"].includes(member)).join("");
  const set = `${first}${middle}${last}`;
  if (isNegated) return `[^${set}]`;
  if (set === "^") return set;
  // Only a range from ^ on can be here; its end is a member of it.
  return set.startsWith("^") ? `[${set[2]}${set}]` : `[${set}]`;
}

/** Null at the end. */
function escapedAt(text: string, offset: number): string | null {
  const code = text.codePointAt(offset + 1);
  return code === undefined ? null : String.fromCodePoint(code);
}

function literal(character: string): string {
  return character.replace(SPECIAL, "[$&]");
}

function refusal(input: string, offset: number, reason: string): ValueError {
  return new ValueError({ kind: "pattern", input, offset, reason, accepted: ACCEPTED });
}
