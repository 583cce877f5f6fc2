/** What `systemctl status` and the journal call the units of a job. Pure. */
import { printable } from "../base/text.ts";

/** Beyond it a description is cut, in bytes of UTF-8: a ref may be as long as the line of a log. */
const MAX_BYTES = 256;
const CUT = "...";

/** `corral job 7k2m9q: fastsurfer (task-17)`. Name and ref are data from outside: control characters must not reach the journal. */
export function jobDescription({ id, name, ref }: { id: string; name: string; ref: string | null }): string {
  return oneLine(`corral job ${id}: ${name}${ref === null ? "" : ` (${ref})`}`);
}

/** Of the guard's scope. */
export function guardDescription(id: string): string {
  return `corral guard of job ${id}`;
}

/** Of the scope of an `--on-end` command. */
export function onEndDescription(id: string): string {
  return `corral on-end of job ${id}`;
}

/** systemd writes it to a unit file and reads that again: a backslash at the end of the line would take in the next property. */
function oneLine(text: string): string {
  const cut = cutToBytes(printable(text).trimEnd(), MAX_BYTES);
  return cut.endsWith("\\") ? `${cutToBytes(cut.slice(0, -1), MAX_BYTES - 4)}\\x5c` : cut;
}

function cutToBytes(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  // A character that was cut through becomes U+FFFD.
  const whole = new TextDecoder().decode(bytes.subarray(0, maxBytes - CUT.length));
  return `${whole.replace(/\ufffd+$/, "")}${CUT}`;
}
