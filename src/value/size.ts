import { ValueError } from "../base/errors.ts";
import { noLimitRemark } from "../base/meanings.ts";
import { type Decimal, scanDecimal, timesUnits } from "./decimal.ts";

const LETTERS = "KMGTP";
const ACCEPTED = [
  "512M",
  "24G",
  "24g",
  "1.5T",
  "24GiB",
  "1000000 or 900B (bytes)",
  "with K, M, G, T, P as powers of 1024",
];

/** What depends on the option that takes the size. */
export interface SizeOptions {
  /** No swap at all is a limit, no memory at all is not. Default false. */
  readonly zeroAllowed?: boolean;
}

/**
 * Bytes, a whole number up to 2^53-1, a fraction of a byte rounded down. Only what systemd and Slurm read
 * alike is accepted: both take `24G` as 24 * 1024^3, but `24GB` is 10^9 to newer Slurm, and is refused with the
 * spelling that works. A bare number is bytes, as for systemd (megabytes for Slurm's --mem). `24g` is `24G`.
 */
export function parseSizeBytes(text: string, options: SizeOptions = {}): number {
  const number = scanDecimal(text, 0);
  if (number === null) throw refusal(text, 0, noLimitRemark(text));
  const bytes = timesUnits(number, bytesPerUnit(text, number));
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw refusal(text, 0, "must be below 8192T");
  if (bytes === 0n && !options.zeroAllowed) throw refusal(text, 0, "must be at least 1 byte");
  return Number(bytes);
}

/** Below it, a number without a unit is no limit that a process could start in. */
const LEAST_BARE_BYTES = 1_000_000;

/** As parseSizeBytes(), but a bare number that is too small to be bytes is refused: Slurm's --mem counts in MB. */
export function parseMemoryBytes(text: string): number {
  const bytes = parseSizeBytes(text);
  if (!/^\d+$/.test(text) || bytes >= LEAST_BARE_BYTES) return bytes;
  throw refusal(text, text.length, `a bare number is bytes here (MB in Slurm): write ${bytes}M`);
}

function bytesPerUnit(text: string, number: Decimal): bigint {
  const suffix = text.slice(number.end);
  if (suffix === "") {
    if (number.scale === 1n) return 1n;
    throw refusal(text, text.indexOf("."), "there is no fraction of a byte");
  }
  // What formatBytes() shows below 1 KiB.
  if (suffix === "B" && number.scale === 1n) return 1n;
  const power = LETTERS.indexOf(suffix.charAt(0).toUpperCase()) + 1;
  if (power > 0 && (suffix.length === 1 || suffix.slice(1) === "iB")) return 1024n ** BigInt(power);
  throw suffixRefusal(text, number.end);
}

function suffixRefusal(text: string, end: number): ValueError {
  const number = text.slice(0, end);
  const suffix = text.slice(end);
  const letter = suffix.charAt(0).toUpperCase();
  if (!LETTERS.includes(letter)) {
    return refusal(text, end, suffix === "B" ? "a number without a suffix is bytes" : null);
  }
  const firstWrong = suffix.charAt(0) !== letter ? 0 : (/^.(?:iB|i)?/.exec(suffix)?.[0].length ?? 0);
  const isKnownSlip = number.length <= 20 && /^(?:b|i|ib)?$/i.test(suffix.slice(1));
  return refusal(text, end + firstWrong, isKnownSlip ? `write ${number}${letter}` : null);
}

function refusal(input: string, offset: number, reason: string | null = null): ValueError {
  return new ValueError({ kind: "size", input, offset, reason, accepted: ACCEPTED });
}

/** One decimal and a power of 1024, `24.0G`; below 1 KiB whole bytes, `900B`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)}B`;
  let value = bytes;
  let letter = "";
  for (const next of LETTERS) {
    // 1023.95 would be shown as 1024.0 of the smaller unit.
    if (value < 1023.95) break;
    value /= 1024;
    letter = next;
  }
  return `${value.toFixed(1)}${letter}`;
}
