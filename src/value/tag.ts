import { ValueError } from "../base/errors.ts";
import { checkedText } from "./name.ts";

const MAX_KEY_CHARACTERS = 64;
const MAX_VALUE_CHARACTERS = 1024;
const ACCEPTED = [
  "KEY=VALUE with up to 64 of A-Z a-z 0-9 _ . / - in KEY, beginning with a letter, digit or _",
];

/** One `--tag`. */
export interface Tag {
  /** Letters, digits and `_ . / -`. */
  readonly key: string;
  /** May be empty and may contain `=`. */
  readonly value: string;
}

/**
 * Splits at the first `=`. Keys are narrow because they become column names and metric labels; values are
 * free text.
 */
export function parseTag(text: string): Tag {
  const keyEnd = /^[A-Za-z0-9_][A-Za-z0-9_./-]*/.exec(text)?.[0].length ?? 0;
  if (keyEnd === 0) throw refusal(text, 0, "KEY is missing");
  if (keyEnd > MAX_KEY_CHARACTERS) throw refusal(text, MAX_KEY_CHARACTERS, "KEY is too long");
  if (text[keyEnd] !== "=") throw refusal(text, keyEnd, keyEnd === text.length ? "=VALUE is missing" : null);
  return { key: text.slice(0, keyEnd), value: checkedValue(text, keyEnd + 1) };
}

function checkedValue(text: string, start: number): string {
  const value = text.slice(start);
  if (value === "") return value;
  try {
    return checkedText(value, "tag", MAX_VALUE_CHARACTERS);
  } catch (error) {
    // The caret has to point into the whole argument, not into the value alone.
    throw error instanceof ValueError ? refusal(text, start + error.offset, error.reason) : error;
  }
}

function refusal(input: string, offset: number, reason: string | null): ValueError {
  return new ValueError({ kind: "tag", input, offset, reason, accepted: ACCEPTED });
}
