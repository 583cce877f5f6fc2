import { rawByteOf } from "./raw_bytes.ts";

// Everything that is not a visible glyph or a plain space: controls (C0, C1), format characters (bidi
// overrides, zero-width), lone surrogates, private use, unassigned, line separators, exotic spaces that pass
// for a plain one, and combining marks without a base or stacked three deep, which would smear over the
// neighbouring lines.
const HARMFUL =
  /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}|^\p{M}|(?<=\p{M}\p{M})\p{M}/gu;
const PLAIN = /^[\x20-\x7e]*$/;
const NON_ASCII = /[^\x20-\x7e]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** True when every character is printable ASCII: one column each, nothing to escape. */
export function isPlainAscii(text: string): boolean {
  return PLAIN.test(text);
}

/**
 * Makes a string from outside harmless on a terminal: what is not visible becomes `\n`, `\x1b`, `\u202e` or
 * `\u{e0001}`. Applying it twice changes nothing, so a backslash stays a backslash; who needs the exact bytes
 * asks for JSON.
 */
export function printable(text: string): string {
  return isPlainAscii(text) ? text : text.replace(HARMFUL, escapeCharacter);
}

/** The same in pieces, for a screen that marks what it has written out. */
export function printableParts(text: string): { text: string; isEscape: boolean }[] {
  const parts: { text: string; isEscape: boolean }[] = [];
  let end = 0;
  for (const { 0: harmful, index } of isPlainAscii(text) ? [] : text.matchAll(HARMFUL)) {
    if (index > end) parts.push({ text: text.slice(end, index), isEscape: false });
    parts.push({ text: escapeCharacter(harmful), isEscape: true });
    end = index + harmful.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isEscape: false });
  return parts;
}

/**
 * Like {@link printable}, but leaves ASCII only: one column per character on any terminal, and no
 * look-alikes.
 */
export function printableAscii(text: string): string {
  return isPlainAscii(text) ? text : text.replace(NON_ASCII, escapeCharacter);
}

/** The outside text in double quotes for a message: printable, cut after `maxCharacters` UTF-16 units. */
export function quoted(text: string, maxCharacters = 40): string {
  return `"${shortened(text, maxCharacters)}"`;
}

/**
 * Printable text for a message that must stay one readable line, cut with `...` after `maxCharacters` UTF-16
 * units.
 */
export function shortened(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return printable(text);
  // A cut through a surrogate pair would show half a character as an escape that the input does not contain.
  const whole = text.slice(0, maxCharacters).replace(/[\ud800-\udbff]$/, "");
  return `${printable(whole)}...`;
}

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = rawByteOf(character) ?? character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}
