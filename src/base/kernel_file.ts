/**
 * Whole files of /proc and cgroupfs. The kernel reports their size as 0, so that the runtime's own readers begin with 32 bytes and double
 * them: a file of 2 KiB took them 8 reads, here it takes 2, of which the second finds the end.
 */

/** Most of them are below a page. */
const ROOM_BYTES = 16_384;
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
/** Of one read at a time: nothing here waits between the first and the last. */
const ROOM = new Uint8Array(ROOM_BYTES);

/** What is not UTF-8 becomes U+FFFD. Throws what opening and reading throw. */
export function readKernelText(path: string): string {
  return DECODER.decode(read(path));
}

/** The same as bytes, which stay as they are. */
export function readKernelBytes(path: string): Uint8Array<ArrayBuffer> {
  return read(path).slice();
}

/** Valid until the next read. */
function read(path: string): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  let room = ROOM;
  for (let length = 0;;) {
    if (length === room.length) room = enlarged(room);
    const count = file.readSync(room.subarray(length));
    if (count === null) return room.subarray(0, length);
    length += count;
  }
}

function enlarged(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 4);
  larger.set(bytes);
  return larger;
}
