/** Colour by meaning, of the text of a cell: red for what went wrong, yellow for what soon may. Names and numbers stay plain. Pure. */

/** The colours that mean something. */
export type Tint = "red" | "yellow";

const SGR: Record<Tint, string> = { red: "31", yellow: "33" };
const WRONG = [
  "oom",
  "timeout",
  "cpu-time",
  "unhealthy",
  "failed-to-start",
  "unkillable",
  "lost",
  "signaled",
];
const HIGH_PERCENT = 90;

/** The text as a terminal shows it in that colour; ECMA-48, SGR. */
export function tinted(text: string, tint: Tint | null): string {
  return tint === null ? text : `\x1b[${SGR[tint]}m${text}\x1b[39m`;
}

/** Of an end reason; of a state nothing. */
export function tintOfReason(cell: string): Tint | null {
  return WRONG.includes(cell) ? "red" : null;
}

/** Of an exit code. */
export function tintOfExit(cell: string): Tint | null {
  return /^[1-9]/.test(cell) ? "red" : null;
}

/** Of a share of a limit. */
export function tintOfPercent(cell: string): Tint | null {
  return Number.parseFloat(cell) > HIGH_PERCENT ? "yellow" : null;
}

/** Of the time to a deadline: less than five minutes (value/duration.ts, formatDuration). */
export function tintOfLeft(cell: string): Tint | null {
  return cell === "overdue" || /^(\d+ms|[\d.]+s|[0-4]m(\d\ds)?)$/.test(cell) ? "yellow" : null;
}
