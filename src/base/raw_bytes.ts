/**
 * Arguments of any bytes in a string: a byte that is no UTF-8 is the character U+10DC00 plus that byte, as the binary's entry hands it on
 * (.toolchain/raw_arguments.ts). It has nothing to do with text that others encode: the characters are private, in the last plane.
 */

const FIRST = 0x10dc00;
const RAW = /[\u{10dc80}-\u{10dcff}]/u;
const ALL_RAW = /[\u{10dc80}-\u{10dcff}]/gu;

/** True for a word that was no UTF-8. */
export function hasRawBytes(text: string): boolean {
  return RAW.test(text);
}

/** The byte that a character stands for; null for any other. */
export function rawByteOf(character: string): number | null {
  return RAW.test(character) ? character.codePointAt(0)! - FIRST : null;
}

/** The bytes of the word as it was given. */
export function bytesOfWord(text: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(text);
  if (!hasRawBytes(text)) return bytes;
  let length = 0;
  const put = (piece: string) => length += encoder.encodeInto(piece, bytes.subarray(length)).written;
  let end = 0;
  // Each such character takes four bytes in `bytes`, and one in the end.
  for (const { 0: character, index } of text.matchAll(ALL_RAW)) {
    put(text.slice(end, index));
    bytes[length++] = rawByteOf(character)!;
    end = index + character.length;
  }
  put(text.slice(end));
  return bytes.slice(0, length);
}
