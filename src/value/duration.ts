import { ValueError } from "../base/errors.ts";
import { isNoLimit } from "../base/meanings.ts";
import { scanDecimal, timesUnits } from "./decimal.ts";

const SECOND_MS = 1000n;
const MINUTE_MS = 60n * SECOND_MS;
const HOUR_MS = 60n * MINUTE_MS;
const DAY_MS = 24n * HOUR_MS;
const MAX_DURATION_MS = 36525n * DAY_MS;

/** Largest first: the order in which they may follow each other. */
const UNITS: readonly (readonly [string, bigint])[] = [
  ["d", DAY_MS],
  ["h", HOUR_MS],
  ["m", MINUTE_MS],
  ["s", SECOND_MS],
  ["ms", 1n],
];
const ACCEPTED = [
  "90",
  ".5",
  "90s",
  "1.5h",
  "2h30m",
  "1d",
  "500ms",
  "MM:SS",
  "HH:MM:SS",
  "D-HH:MM:SS",
  "D-HH",
];

/** What depends on the option that takes the duration. */
export interface DurationOptions {
  /** A grace of 0 makes sense, a timeout of 0 does not. Default false. */
  readonly zeroAllowed?: boolean;
  /** The word for no limit, where there is one: what `never` and the like are answered with. The caller reads it itself. */
  readonly noLimit?: string;
}

/** A new value, or a change of the one that holds. */
export type DurationChange =
  | { readonly kind: "absolute"; readonly durationMs: number }
  | { readonly kind: "relative"; readonly deltaMs: number };

/**
 * Milliseconds, a whole number above 0 and up to 100 years. A bare number is seconds, as for timeout(1) and
 * systemd (Slurm means minutes). Units go from large to small and may have a fraction (`1.5h`); finer than a
 * millisecond is rounded down.
 */
export function parseDurationMs(text: string, options: DurationOptions = {}): number {
  if (options.noLimit !== undefined && isNoLimit(text.trim())) {
    throw refusal(text, 0, `did you mean ${options.noLimit}?`);
  }
  return scanDurationMs(text, 0, options.zeroAllowed ?? false);
}

/** `+1h` and `-30m` change, anything without a sign replaces. */
export function parseDurationChange(text: string): DurationChange {
  const sign = text[0];
  if (sign !== "+" && sign !== "-") {
    return { kind: "absolute", durationMs: parseDurationMs(text, { noLimit: "none" }) };
  }
  const deltaMs = scanDurationMs(text, 1, false);
  return { kind: "relative", deltaMs: sign === "-" ? -deltaMs : deltaMs };
}

function scanDurationMs(text: string, start: number, zeroAllowed: boolean): number {
  const isClock = /^\d+[:-]/.test(text.slice(start));
  const totalMs = isClock ? scanClockMs(text, start) : scanUnitsMs(text, start);
  if (totalMs > MAX_DURATION_MS) throw refusal(text, start, "longer than 100 years");
  if (totalMs === 0n && !zeroAllowed) throw refusal(text, start, "must be at least 1 ms");
  return Number(totalMs);
}

function scanUnitsMs(text: string, start: number): bigint {
  let totalMs = 0n;
  let allowed = UNITS;
  let offset = start;
  do {
    const number = scanDecimal(text, offset);
    if (number === null) throw refusal(text, offset);
    const name = /ms|[a-zA-Z]|$/y;
    name.lastIndex = number.end;
    const unitName = name.exec(text)?.[0] ?? "";
    if (unitName === "" && offset === start && number.end === text.length) {
      return timesUnits(number, SECOND_MS);
    }
    const index = allowed.findIndex(([known]) => known === unitName);
    if (index < 0) throw refusal(text, number.end, whyNotUnit(unitName, number.end === text.length));
    totalMs += timesUnits(number, allowed[index]?.[1] ?? 0n);
    allowed = allowed.slice(index + 1);
    offset = number.end + unitName.length;
  } while (offset < text.length);
  return totalMs;
}

function whyNotUnit(unitName: string, atEnd: boolean): string | null {
  if (atEnd) return "the last number has no unit";
  if (UNITS.some(([known]) => known === unitName)) return "units go from large to small, each once";
  return unitName === "" ? null : "units are d, h, m, s and ms";
}

/** Slurm's forms. Only the leading field may exceed its clock range: `90:00` is an hour and a half. */
function scanClockMs(text: string, start: number): bigint {
  const dash = text.indexOf("-", start);
  const hasDays = dash > 0 && /^\d+$/.test(text.slice(start, dash));
  const fields = scanFields(text, hasDays ? dash + 1 : start);
  const known = hasDays ? fields.length !== 2 : fields.length > 1;
  if (!known) throw refusal(text, text.length, "after days come HH or HH:MM:SS");
  const units = fields.length === 2 ? [MINUTE_MS, SECOND_MS] : [HOUR_MS, MINUTE_MS, SECOND_MS];
  let totalMs = hasDays ? BigInt(text.slice(start, dash)) * DAY_MS : 0n;
  for (const [index, field] of fields.entries()) {
    const unitMs = units[index] ?? 0n;
    if (hasDays || index > 0) checkClockRange(text, field, unitMs);
    totalMs += BigInt(field.digits) * unitMs;
  }
  return totalMs;
}

interface ClockField {
  readonly digits: string;
  readonly offset: number;
}

function scanFields(text: string, start: number): ClockField[] {
  const fields: ClockField[] = [];
  let offset = start;
  while (true) {
    const digits = /^\d+/.exec(text.slice(offset))?.[0];
    if (digits === undefined) throw refusal(text, offset);
    fields.push({ digits, offset });
    offset += digits.length;
    if (offset === text.length) return fields;
    if (text[offset] !== ":" || fields.length === 3) throw refusal(text, offset);
    offset += 1;
  }
}

function checkClockRange(text: string, { digits, offset }: ClockField, unitMs: bigint): void {
  const highest = unitMs === HOUR_MS ? 23 : 59;
  if (digits.length <= 2 && Number(digits) <= highest) return;
  throw refusal(
    text,
    offset,
    unitMs === HOUR_MS ? "hours after days run to 23" : "minutes and seconds run to 59",
  );
}

function refusal(input: string, offset: number, reason: string | null = null): ValueError {
  const meant = meantDuration(input);
  const why = [...(reason === null ? [] : [reason]), ...(meant === null ? [] : [`did you mean ${meant}?`])];
  return new ValueError({
    kind: "duration",
    input,
    offset,
    reason: why.length === 0 ? null : why.join(", "),
    accepted: ACCEPTED,
  });
}

/** Units as people and other tools write them; the first letters decide, except between minutes, milliseconds and months. */
const UNIT_WORDS: Readonly<Record<string, string>> = {
  d: "d day days",
  h: "h hr hrs hour hours",
  m: "m min mins minute minutes",
  s: "s sec secs second seconds",
  ms: "ms msec msecs millis millisecond milliseconds",
};

/** What corral would read, for a text with units in words or with blanks; null when there is no such thing. */
function meantDuration(text: string): string | null {
  const parts = [...text.matchAll(/([0-9]*\.?[0-9]+)\s*([a-z]+)[\s,]*/giy)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text.trim()) return null;
  const words = parts.map(([, number, unit]) => `${number}${ownUnit(unit!)}`).join("");
  if (words === text) return null;
  try {
    parseDurationMs(words);
    return words;
  } catch {
    return null;
  }
}

function ownUnit(unit: string): string {
  const own = Object.entries(UNIT_WORDS).find(([, words]) => words.split(" ").includes(unit.toLowerCase()));
  return own?.[0] ?? unit;
}

const [MS_PER_MINUTE, MS_PER_HOUR, MS_PER_DAY] = [MINUTE_MS, HOUR_MS, DAY_MS].map(Number) as [
  number,
  number,
  number,
];

/**
 * Compact for tables, at most two units, rounded down: `850ms`, `2.5s`, `45s`, `2m05s`, `2h30m`, `1d03h`.
 * Below zero (overdue) it begins with `-`.
 */
export function formatDuration(durationMs: number): string {
  const totalMs = Math.trunc(durationMs);
  if (totalMs < 0) return `-${formatDuration(-totalMs)}`;
  if (totalMs > 0 && totalMs < 1000) return `${totalMs}ms`;
  if (totalMs < 10_000) return `${Math.floor(totalMs / 100) / 10}s`;
  if (totalMs < MS_PER_MINUTE) return `${Math.floor(totalMs / 1000)}s`;
  if (totalMs < MS_PER_HOUR) return twoUnits(totalMs / 1000, 60, ["m", "s"]);
  if (totalMs < MS_PER_DAY) return twoUnits(totalMs / MS_PER_MINUTE, 60, ["h", "m"]);
  return twoUnits(totalMs / MS_PER_HOUR, 24, ["d", "h"]);
}

function twoUnits(smallUnits: number, perLarge: number, [large, small]: [string, string]): string {
  const rest = Math.floor(smallUnits) % perLarge;
  const whole = `${Math.floor(Math.floor(smallUnits) / perLarge)}${large}`;
  return rest === 0 ? whole : `${whole}${String(rest).padStart(2, "0")}${small}`;
}

/**
 * Every unit that is not zero, for limits: `1h0.5s` is `1h500ms`. `parseDurationMs` reads it back to the same
 * number.
 */
export function formatDurationExact(durationMs: number): string {
  let restMs = BigInt(Math.round(durationMs));
  let text = "";
  for (const [name, unitMs] of UNITS) {
    if (restMs >= unitMs) text += `${restMs / unitMs}${name}`;
    restMs %= unitMs;
  }
  return text === "" ? "0s" : text;
}
