import assert from "node:assert/strict";
import { DBusReader, DBusWriter, decodeMessage, encodeCall } from "../../../src/systemd/wire.ts";
import { ParseError } from "../../../src/base/errors.ts";
import { errorReply, jobRemoved, replyWithJob } from "../../kit/fakes/manager.ts";
import { always, fc } from "../../kit/fakes/properties.ts";

const CALL = {
  serial: 1,
  destination: "org.freedesktop.systemd1",
  path: "/a",
  interface: "b.c",
  member: "Reload",
  signature: "",
  body: new Uint8Array(),
};

/** Text with \xx for a byte that is none. */
function bytes(text: string): number[] {
  return text.split(/(\\[0-9a-f]{2})/).flatMap((part) =>
    part.startsWith("\\") ? [parseInt(part.slice(1), 16)] : [...part].map((letter) => letter.charCodeAt(0))
  );
}

Deno.test("encodeCall() writes what the specification says, byte for byte", () => {
  const expected = [
    // little endian, method call, no flags, version 1; no body; serial 1; 81 bytes of header fields
    "l\\01\\00\\01\\00\\00\\00\\00\\01\\00\\00\\00\\51\\00\\00\\00",
    "\\01\\01o\\00\\02\\00\\00\\00/a\\00\\00\\00\\00\\00\\00",
    "\\02\\01s\\00\\03\\00\\00\\00b.c\\00\\00\\00\\00\\00",
    "\\03\\01s\\00\\06\\00\\00\\00Reload\\00\\00",
    "\\06\\01s\\00\\18\\00\\00\\00org.freedesktop.systemd1\\00",
    "\\00\\00\\00\\00\\00\\00\\00",
  ].join("");
  const written = [...encodeCall(CALL)];
  assert.deepEqual(written, bytes(expected).slice(0, written.length));
  assert.equal(written.length % 8, 0);
});

Deno.test("DBusWriter aligns every value from the start", () => {
  const writer = new DBusWriter();
  writer.byte(1);
  writer.uint32(2);
  writer.byte(3);
  writer.uint64(2 ** 33);
  writer.string("é");
  assert.deepEqual(
    [...writer.bytes],
    [1, 0, 0, 0, 2, 0, 0, 0, 3, ...Array(7).fill(0), 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0xa9, 0],
  );
});

Deno.test("DBusWriter counts an array without the padding before its first element", () => {
  const writer = new DBusWriter();
  writer.array(8, () => writer.uint64(1));
  writer.array(8, () => {});
  assert.deepEqual([...writer.bytes], [
    8,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("DBusWriter makes everything from 2^64 the largest value, systemd's infinity", () => {
  for (const value of [2 ** 64, 2 ** 70, Infinity]) {
    const writer = new DBusWriter();
    writer.variant({ signature: "t", value });
    assert.deepEqual([...writer.bytes], [1, 0x74, 0, 0, 0, 0, 0, 0, ...Array(8).fill(0xff)]);
  }
});

Deno.test("DBusWriter grows, also in the middle of an array", () => {
  const writer = new DBusWriter();
  const words = Array.from({ length: 500 }, (_, index) => `word ${index}`);
  writer.variant({ signature: "as", value: words });
  const reader = new DBusReader(writer.bytes, 0);
  assert.equal(reader.signature(), "as");
  const end = reader.uint32() + reader.at;
  const read: string[] = [];
  while (reader.at < end) read.push(reader.string());
  assert.deepEqual(read, words);
});

Deno.test("decodeMessage() reads back a call of any body", () => {
  const writer = new DBusWriter();
  writer.string("x".repeat(3000));
  const encoded = encodeCall({ ...CALL, signature: "s", body: writer.bytes });
  const { message, length } = decodeMessage(encoded)!;
  assert.equal(length, encoded.length);
  assert.deepEqual([message.kind, message.member, message.signature], ["call", "Reload", "s"]);
  assert.equal(message.body.string().length, 3000);
});

Deno.test("decodeMessage() reads replies, errors and signals", () => {
  const reply = decodeMessage(replyWithJob("/job/1"))!.message;
  assert.deepEqual([reply.kind, reply.replySerial, reply.body.string()], ["return", 1, "/job/1"]);
  const error = decodeMessage(errorReply("a.B", "no"))!.message;
  assert.deepEqual([error.kind, error.errorName, error.body.string()], ["error", "a.B", "no"]);
  const signal = decodeMessage(jobRemoved("/job/1", "done"))!.message;
  assert.deepEqual([signal.kind, signal.member, signal.replySerial], ["signal", "JobRemoved", null]);
});

Deno.test("decodeMessage() waits for the rest of a message and leaves the next one alone", () => {
  const first = replyWithJob("/job/1");
  for (let length = 0; length < first.length; length++) {
    assert.equal(decodeMessage(first.subarray(0, length)), null, `${length} bytes`);
  }
  const both = Uint8Array.from([...first, ...jobRemoved("/job/1", "done")]);
  assert.equal(decodeMessage(both)?.length, first.length);
});

Deno.test("decodeMessage() refuses what is no message, and what would never end", () => {
  const changed = (index: number, value: number) => {
    const copy = replyWithJob("/job/1").slice();
    copy[index] = value;
    return copy;
  };
  assert.throws(() => decodeMessage(changed(0, 0x42)), /not little endian/);
  assert.throws(() => decodeMessage(changed(7, 0x7f)), /too long/);
  assert.throws(() => decodeMessage(changed(15, 0xff)), /too long/);
});

Deno.test("decodeMessage() of damaged bytes refuses with a ParseError or reads on, nothing else", () => {
  const originals = [replyWithJob("/job/1"), errorReply("a.B", "no"), jobRemoved("/job/1", "done")];
  const hits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  always(fc.tuple(fc.constantFrom(...originals), hits), ([original, bytes]) => {
    const damaged = original.slice();
    for (const [at, byte] of bytes) damaged[at % damaged.length] = byte;
    try {
      decodeMessage(damaged)?.message.body.string();
    } catch (error) {
      assert.ok(error instanceof ParseError, String(error));
    }
  });
});
