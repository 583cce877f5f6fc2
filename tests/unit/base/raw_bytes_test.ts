import assert from "node:assert/strict";
import { bytesOfWord, hasRawBytes, rawByteOf } from "../../../src/base/raw_bytes.ts";
import { printable } from "../../../src/base/text.ts";

/** As the binary's entry writes a byte. */
const raw = (byte: number) => String.fromCodePoint(0x10dc00 + byte);

Deno.test("bytesOfWord() gives back every byte, between any characters", () => {
  for (let byte = 0x80; byte <= 0xff; byte++) {
    assert.deepEqual([...bytesOfWord(raw(byte))], [byte]);
    assert.equal(rawByteOf(raw(byte)), byte);
  }
  const word = `é${raw(0xe9)}😀${raw(0xff)}${raw(0x80)}x`;
  const utf8 = (text: string) => [...new TextEncoder().encode(text)];
  assert.deepEqual([...bytesOfWord(word)], [...utf8("é"), 0xe9, ...utf8("😀"), 0xff, 0x80, 0x78]);
  assert.deepEqual([...bytesOfWord(`${raw(0xe9)}${"x".repeat(200_000)}`)].length, 200_001);
});

Deno.test("words that are UTF-8 stay as they are", () => {
  for (const text of ["", "plain", "é😀", "\u{10ffff}\u{10db80}\u{10dd00}\u{10dc7f}"]) {
    assert.equal(hasRawBytes(text), false, text);
    assert.deepEqual(bytesOfWord(text), new TextEncoder().encode(text));
    assert.equal(rawByteOf(text), null);
  }
});

Deno.test("printable() shows such a byte as what it is", () => {
  assert.equal(printable(`caf${raw(0xe9)}`), "caf\\xe9");
});
