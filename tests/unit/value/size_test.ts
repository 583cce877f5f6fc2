import assert from "node:assert/strict";
import { formatBytes, parseMemoryBytes, parseSizeBytes } from "../../../src/value/size.ts";
import { assertOnlyRefuses, assertRefused } from "../../kit/fakes/value_refusal.ts";
import { always, magnitudes } from "../../kit/fakes/properties.ts";

const READ: readonly (readonly [string, number])[] = [
  ["1", 1],
  ["1000000", 1_000_000],
  ["1K", 1024],
  ["512M", 512 * 1024 ** 2],
  ["24G", 24 * 1024 ** 3],
  ["24GiB", 24 * 1024 ** 3],
  ["1KiB", 1024],
  ["3MiB", 3 * 1024 ** 2],
  ["1.5T", 1.5 * 1024 ** 4],
  ["1.5TiB", 1.5 * 1024 ** 4],
  ["2P", 2 * 1024 ** 5],
  ["7PiB", 7 * 1024 ** 5],
  ["1.1K", 1126],
  ["0.1G", 107_374_182],
  ["0.5K", 512],
  [".5G", 512 * 1024 ** 2],
  ["24g", 24 * 1024 ** 3],
  ["512m", 512 * 1024 ** 2],
  ["100B", 100],
  ["007G", 7 * 1024 ** 3],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
];

const REFUSED: readonly (readonly [string, number])[] = [
  ["", 0],
  ["G", 0],
  ["-1G", 0],
  ["+1G", 0],
  [" 1G", 0],
  ["1G ", 2],
  ["1 G", 1],
  [".G", 0],
  ["1.G", 1],
  ["1.2.3G", 3],
  ["24GB", 3],
  ["24gb", 2],
  ["24Gi", 4],
  ["24Gib", 4],
  ["24GIB", 3],
  ["24GiBB", 5],
  ["24GG", 3],
  ["24X", 2],
  ["24E", 2],
  ["10%", 2],
  ["1e9", 1],
  ["0x10", 1],
  ["1,5G", 1],
  ["1.5", 1],
  ["infinity", 0],
  ["max", 0],
  ["２G", 0],
  ["0", 0],
  ["0G", 0],
  ["0.0001K", 0],
  ["8P", 0],
  ["8192T", 0],
  ["9007199254740992", 0],
  ["99999999999999999999999999P", 0],
];

for (const [text, expectedBytes] of READ) {
  Deno.test(`parseSizeBytes() reads ${text}`, () => assert.equal(parseSizeBytes(text), expectedBytes));
}

for (const [text, offset] of REFUSED) {
  Deno.test(`parseSizeBytes() refuses ${JSON.stringify(text)} at ${offset}`, () => {
    assert.equal(assertRefused(parseSizeBytes, text, offset).kind, "size");
  });
}

Deno.test("parseSizeBytes() names the spelling that works", () => {
  for (const text of ["24GB", "24gb", "24Gi", "24GIB", "24Gb"]) {
    assert.throws(() => parseSizeBytes(text), /: write 24G;/, text);
  }
  assert.throws(() => parseSizeBytes("1.5"), /no fraction of a byte/);
  assert.throws(() => parseSizeBytes("0"), /at least 1 byte/);
  assert.throws(() => parseSizeBytes("9P"), /below 8192T/);
});

Deno.test("parseMemoryBytes() refuses a bare number that Slurm would take for MB", () => {
  for (const [text, megabytes] of [["1024", "1024M"], ["4096", "4096M"], ["999999", "999999M"]] as const) {
    assert.ok(assertRefused(parseMemoryBytes, text, text.length).message.includes(`write ${megabytes}`));
  }
  assert.equal(parseMemoryBytes("1000000"), 1_000_000);
  assert.equal(parseMemoryBytes("64K"), 65_536);
});

Deno.test("parseSizeBytes() takes zero only where zero makes sense", () => {
  for (const text of ["0", "0G", "0.0"]) {
    if (text.includes(".")) assertRefused((value) => parseSizeBytes(value, { zeroAllowed: true }), text, 1);
    else assert.equal(parseSizeBytes(text, { zeroAllowed: true }), 0, text);
  }
});

Deno.test("parseSizeBytes() throws nothing but refusals at hostile input", () => {
  assertOnlyRefuses(parseSizeBytes, READ.map(([text]) => text));
});

Deno.test("formatBytes() shows one decimal of the unit that fits", () => {
  const shown: readonly (readonly [number, string])[] = [
    [0, "0B"],
    [900, "900B"],
    [1023, "1023B"],
    [1024, "1.0K"],
    [1536, "1.5K"],
    [1024 ** 2 - 1, "1.0M"],
    [1023.9 * 1024, "1023.9K"],
    [24 * 1024 ** 3, "24.0G"],
    [1.5 * 1024 ** 4, "1.5T"],
    [2 * 1024 ** 5, "2.0P"],
    [Number.MAX_SAFE_INTEGER, "8.0P"],
  ];
  for (const [bytes, text] of shown) assert.equal(formatBytes(bytes), text);
});

Deno.test("formatBytes() is read back within half of its last digit", () => {
  always(magnitudes(1, 7.9 * 1024 ** 5), (bytes) => {
    const text = formatBytes(bytes);
    const unitBytes = 1024 ** ("KMGTP".indexOf(text.at(-1)!) + 1);
    assert.ok(Math.abs(parseSizeBytes(text) - bytes) <= unitBytes * 0.0501 + 1, `${bytes} -> ${text}`);
    assert.ok(text.length <= 7, text);
  });
});
