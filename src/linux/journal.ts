/**
 * Entries with fields for the journal, by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram to a socket of the
 * node's. The runtime has datagrams on UNIX sockets only as an unstable feature, so it is sendto(2).
 */
import { moreOfLibc } from "./libc.ts";

/** Field names in capitals, each with its value. */
export type JournalFields = Readonly<Record<string, string>>;

/** Linux: socket(2), unix(7), send(2). */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** sun_path, its NUL included. */
const PATH_BYTES = 108;

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/**
 * Sends one entry; false when there is no journal, or it is full. Never waits, never throws: the end of a job is worth more than a line in
 * a log.
 */
export function sendToJournal(socketPath: string, fields: JournalFields): boolean {
  try {
    if (!Deno.statSync(socketPath).isSocket) return false;
    return sendDatagram(addressOf(socketPath), journalEntry(fields));
  } catch {
    return false;
  }
}

/** The datagram: `NAME=value` lines; a value with a newline follows its name with its length (64 bits, little endian). */
export function journalEntry(fields: JournalFields): Uint8Array<ArrayBuffer> {
  const parts = Object.entries(fields).flatMap(([name, value]) => fieldParts(name, value));
  const entry = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    entry.set(part, at);
    at += part.length;
  }
  return entry;
}

function fieldParts(name: string, value: string): Uint8Array[] {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (!value.includes("\n")) return [bytes(`${name}=${value}\n`)];
  const content = bytes(value);
  const length = new Uint8Array(new BigUint64Array([BigInt(content.length)]).buffer);
  return [bytes(`${name}\n`), length, content, bytes("\n")];
}

/** struct sockaddr_un. Throws RangeError for a path that does not fit. */
function addressOf(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  if (name.length >= PATH_BYTES) throw new RangeError("the path of the socket is too long");
  const address = new Uint8Array(2 + name.length + 1);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

function sendDatagram(address: Uint8Array<ArrayBuffer>, entry: Uint8Array<ArrayBuffer>): boolean {
  const c = moreOfLibc(SYMBOLS);
  const socket = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const sent = c.sendto(socket, entry, BigInt(entry.length), flags, address, address.length);
  c.close(socket);
  return Number(sent) === entry.length;
}
