/**
 * Whole files that others have named or made. A FIFO would hold the reader until there is a writer, a device may have no end, and a sparse
 * file of 100 GB no room: each is refused before it is opened.
 */

/** No configuration, cursor or token comes near it. */
const MOST_BYTES = 16_777_216;
/** Of /dev/null, which stands for an empty file (makedev(1, 3)). */
const NULL_DEVICE = 0x103;

/** The text of a regular file; "" of /dev/null. Throws what looking, opening and reading throw, and Error for any other file. */
export function readSmallFile(path: string): string {
  const info = Deno.statSync(path);
  if (info.isCharDevice && info.rdev === NULL_DEVICE) return "";
  if (!info.isFile) throw new Error(`it is ${kindOf(info)}, not a file`);
  if (info.size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES >> 20}M`);
  return Deno.readTextFileSync(path);
}

function kindOf(info: Deno.FileInfo): string {
  if (info.isDirectory) return "a directory";
  if (info.isFifo) return "a FIFO";
  return info.isSocket ? "a socket" : "a device";
}
