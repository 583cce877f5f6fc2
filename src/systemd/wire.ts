/**
 * The D-Bus wire format (D-Bus specification, "Type System" and "Message Protocol"), as much of it as talking to systemd takes:
 * method calls out; replies, errors and signals in. Little endian. Pure.
 */
import { ParseError } from "../base/errors.ts";

/** A value of a variant: the types that unit properties have. */
export type Variant =
  | { signature: "s"; value: string }
  | { signature: "b"; value: boolean }
  | { signature: "i"; value: number }
  | { signature: "t"; value: number }
  | { signature: "au"; value: readonly number[] }
  | { signature: "as"; value: readonly string[] };

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const LARGEST_UINT64 = 0xffff_ffff_ffff_ffffn;
const FIRST_CAPACITY = 1024;

/** Appends values, each aligned to its size from the start of the message part. */
export class DBusWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  align(boundary: number): void {
    this.#reserve(boundary);
    while (this.#length % boundary !== 0) this.#length++;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  uint32(value: number): void {
    this.align(4);
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** 2 ** 64 and above become the largest value, systemd's "infinity". */
  uint64(value: number): void {
    this.align(8);
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value >= 2 ** 64 ? LARGEST_UINT64 : BigInt(value), true);
    this.#length += 8;
  }

  string(value: string): void {
    const text = ENCODER.encode(value);
    this.uint32(text.length);
    this.raw(text);
    this.byte(0);
  }

  signature(value: string): void {
    this.byte(value.length);
    this.raw(ENCODER.encode(value));
    this.byte(0);
  }

  /** An array whose elements `fill` writes; `boundary` is the alignment of an element. */
  array(boundary: number, fill: () => void): void {
    this.uint32(0);
    const lengthAt = this.#length - 4;
    this.align(boundary);
    const start = this.#length;
    fill();
    this.#view.setUint32(lengthAt, this.#length - start, true);
  }

  variant(variant: Variant): void {
    this.signature(variant.signature);
    switch (variant.signature) {
      case "s":
        return this.string(variant.value);
      case "b":
        return this.uint32(variant.value ? 1 : 0);
      case "i":
        // Small positive ones only: the bytes are those of an unsigned one.
        return this.uint32(variant.value);
      case "t":
        return this.uint64(variant.value);
      case "au":
        return this.array(4, () => variant.value.forEach((value) => this.uint32(value)));
      case "as":
        return this.array(4, () => variant.value.forEach((value) => this.string(value)));
    }
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** A method call to one object. `body` has been written according to `signature`. */
export interface MethodCall {
  serial: number;
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature: string;
  body: Uint8Array;
}

const METHOD_CALL = 1;
const FIELD = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
} as const;
const LITTLE_ENDIAN = 0x6c;
const PROTOCOL_VERSION = 1;

/** The bytes of a method call. */
export function encodeCall(call: MethodCall): Uint8Array {
  const writer = new DBusWriter();
  for (const byte of [LITTLE_ENDIAN, METHOD_CALL, 0, PROTOCOL_VERSION]) writer.byte(byte);
  writer.uint32(call.body.length);
  writer.uint32(call.serial);
  writer.array(8, () => {
    const field = (code: number, signature: "o" | "s" | "g", value: string) => {
      writer.align(8);
      writer.byte(code);
      writer.signature(signature);
      if (signature === "g") writer.signature(value);
      else writer.string(value);
    };
    field(FIELD.path, "o", call.path);
    field(FIELD.interface, "s", call.interface);
    field(FIELD.member, "s", call.member);
    field(FIELD.destination, "s", call.destination);
    if (call.signature !== "") field(FIELD.signature, "g", call.signature);
  });
  writer.align(8);
  writer.raw(call.body);
  return writer.bytes;
}

/** A message received. */
export interface DBusMessage {
  kind: "call" | "return" | "error" | "signal" | "other";
  replySerial: number | null;
  member: string | null;
  errorName: string | null;
  signature: string;
  body: DBusReader;
}

/** Letters of the basic types that header fields have (D-Bus specification, "Header Fields"). */
const TYPE = { uint32: 0x75, string: 0x73, objectPath: 0x6f, signature: 0x67 } as const;
const HEADER_TYPES: readonly number[] = Object.values(TYPE);
const KINDS = ["other", "call", "return", "error", "signal"] as const;
/** "The maximum length of a message, including header, is 128 MiB." */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
const FIXED_HEADER_BYTES = 16;

/** The first message in `bytes` and its length, or null while it is incomplete. Throws ParseError for what is no message. */
export function decodeMessage(bytes: Uint8Array): { message: DBusMessage; length: number } | null {
  if (bytes.length < FIXED_HEADER_BYTES) return null;
  if (bytes[0] !== LITTLE_ENDIAN) throw malformed("is not little endian");
  const reader = new DBusReader(bytes, 4);
  const bodyLength = reader.uint32();
  reader.uint32();
  const fieldsLength = reader.uint32();
  const bodyAt = Math.ceil((FIXED_HEADER_BYTES + fieldsLength) / 8) * 8;
  const length = bodyAt + bodyLength;
  if (length > MAX_MESSAGE_BYTES) throw malformed("is too long");
  if (bytes.length < length) return null;
  const header = bytes.subarray(0, FIXED_HEADER_BYTES + fieldsLength);
  return { message: new ReceivedMessage(header, bytes.subarray(bodyAt, length)), length };
}

/** Reads what it is asked for: of hundreds of signals that are meant for others, a receiver wants to know little. Getters throw ParseError. */
class ReceivedMessage implements DBusMessage {
  readonly #header: Uint8Array;
  readonly body: DBusReader;

  constructor(header: Uint8Array, body: Uint8Array) {
    this.#header = header;
    this.body = new DBusReader(body, 0);
  }

  get kind(): DBusMessage["kind"] {
    return KINDS[this.#header[1]!] ?? "other";
  }

  get replySerial(): number | null {
    return findField(this.#header, FIELD.replySerial) as number | null;
  }

  get member(): string | null {
    return findField(this.#header, FIELD.member) as string | null;
  }

  get errorName(): string | null {
    return findField(this.#header, FIELD.errorName) as string | null;
  }

  get signature(): string {
    return findField(this.#header, FIELD.signature) as string | null ?? "";
  }
}

/** The value of a header field; null when there is none. */
function findField(header: Uint8Array, wanted: number): string | number | null {
  const reader = new DBusReader(header, FIXED_HEADER_BYTES);
  while (reader.at < header.length) {
    reader.align(8);
    const code = reader.byte();
    const type = reader.signatureOfOne();
    if (code !== wanted) reader.skip(type);
    else {return type === TYPE.uint32
        ? reader.uint32()
        : type === TYPE.signature
        ? reader.signature()
        : reader.string();}
  }
  return null;
}

/** Reads values in order. Throws ParseError past the end. */
export class DBusReader {
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array, public at: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  align(boundary: number): void {
    this.at = Math.ceil(this.at / boundary) * boundary;
  }

  byte(): number {
    return this.#take(1, (at) => this.#view.getUint8(at));
  }

  uint32(): number {
    this.align(4);
    return this.#take(4, (at) => this.#view.getUint32(at, true));
  }

  string(): string {
    return this.#text(this.uint32());
  }

  /** A signature of one basic type of those in header fields: its letter's code. */
  signatureOfOne(): number {
    const length = this.byte();
    const type = this.byte();
    if (length !== 1 || this.byte() !== 0 || !HEADER_TYPES.includes(type)) {
      throw malformed("has a header field of an unknown type");
    }
    return type;
  }

  /** Passes over a value of such a type. */
  skip(type: number): void {
    if (type === TYPE.uint32) return void this.uint32();
    this.#take(type === TYPE.signature ? this.byte() + 1 : this.uint32() + 1, () => {});
  }

  signature(): string {
    return this.#text(this.byte());
  }

  #text(length: number): string {
    return this.#take(length + 1, (at) => DECODER.decode(this.bytes.subarray(at, at + length)));
  }

  #take<T>(count: number, read: (at: number) => T): T {
    if (this.at + count > this.bytes.length) throw malformed("ends too early");
    const value = read(this.at);
    this.at += count;
    return value;
  }
}

function malformed(what: string): ParseError {
  return new ParseError(what, { path: "D-Bus message" });
}
