import { ValueError } from "../base/errors.ts";
import { parseDurationMs } from "./duration.ts";
import { fromLocal, localDay, startOfDay } from "./local_time.ts";

const ACCEPTED = [
  ...["24h", "7d", "1h ago", "now", "today", "yesterday", "8:00", "2026-11-01", "2026-11-01T08:00"],
  ...["2026-11-01 08:00:05", "2026-11-01T08:00:05Z", "2026-11-01T08:00:05+01:00"],
];
const KIND = "point in time";
/** From the start of a day into the one before it, however long that was. */
const HALF_DAY_MS = 43_200_000;

/**
 * A moment: a duration before `now`, a time of today, the start of a day, or a second of one, in the node's own time zone unless an offset
 * is given (fromLocal() has what the clocks skip).
 */
export function parseSince(text: string, now: Date): Date {
  if (text === "now") return now;
  const today = startOfDay(now.getTime());
  if (text === "today") return new Date(today);
  if (text === "yesterday") return new Date(startOfDay(today - HALF_DAY_MS));
  if (/^\d{4}-/.test(text)) return parseDate(text);
  if (/^\d{1,2}:/.test(text)) return parseTimeOfDay(text, now);
  return new Date(now.getTime() - parseAgoMs(text));
}

function parseTimeOfDay(text: string, now: Date): Date {
  const { hour, minute, second, ms, end } = scanTime(text, 0, /\d{1,2}/y);
  if (end < text.length) throw refusal(text, end, null);
  const [year, month, day] = localDay(now.getTime()).split("-").map(Number);
  return new Date(fromLocal(Date.UTC(year!, month! - 1, day, hour, minute, second, ms)));
}

function parseAgoMs(text: string): number {
  // A bare number or a clock form would be a valid DURATION, but 2026 here is meant as a date.
  const bare = /^\d+(?:\.\d+)?(?=[:-]|$)/.exec(text)?.[0];
  if (bare !== undefined) {
    throw refusal(text, bare.length, bare.length === text.length ? "a unit is missing" : null);
  }
  try {
    return parseDurationMs(text.replace(/ ago$/, ""));
  } catch (error) {
    throw error instanceof ValueError ? refusal(text, error.offset, error.reason) : error;
  }
}

function parseDate(text: string): Date {
  const offset = firstMismatch(text);
  if (offset !== null) throw refusal(text, offset, null);
  const [year, month, day] = [number(text, 0, 4), number(text, 5, 7), number(text, 8, 10)];
  if (year < 1970) throw refusal(text, 0, "years begin with 1970");
  if (month < 1 || month > 12) throw refusal(text, 5, "months run from 01 to 12");
  if (day < 1 || day > daysIn(year, month)) {
    throw refusal(text, 8, `that month has ${daysIn(year, month)} days`);
  }
  if (text.length === 10) return new Date(fromLocal(Date.UTC(year, month - 1, day)));
  if (!/[T ]/.test(text[10]!)) throw refusal(text, 10, null);
  const { hour, minute, second, ms, end } = scanTime(text, 11, /\d\d/y);
  const zoneMinutes = scanZone(text, end);
  const asUtcMs = Date.UTC(year, month - 1, day, hour, minute - (zoneMinutes ?? 0), second, ms);
  return new Date(zoneMinutes === null ? fromLocal(asUtcMs) : asUtcMs);
}

/** `HH:MM`, `HH:MM:SS` or `HH:MM:SS.mmm`; `end` is the index behind it. */
function scanTime(text: string, start: number, hours: RegExp) {
  let end = start;
  const field = (pattern: RegExp, highest: number, words: string) => {
    pattern.lastIndex = end;
    const digits = pattern.exec(text)?.[0];
    if (digits === undefined) throw refusal(text, end + (/^\d/.test(text.slice(end)) ? 1 : 0), null);
    if (Number(digits) > highest) throw refusal(text, end, words);
    end += digits.length;
    return Number(digits);
  };
  const hour = field(hours, 23, "hours run to 23");
  if (text[end] !== ":") throw refusal(text, end, null);
  end += 1;
  const minute = field(/\d\d/y, 59, "minutes run to 59");
  if (text[end] !== ":") return { hour, minute, second: 0, ms: 0, end };
  end += 1;
  const second = field(/\d\d/y, 59, "seconds run to 59");
  const fraction = /^\.\d{1,9}/.exec(text.slice(end))?.[0] ?? "";
  end += fraction.length;
  return { hour, minute, second, ms: Math.floor(Number(`0${fraction}`) * 1000), end };
}

/** Minutes east of UTC; null for the zone of the node. */
function scanZone(text: string, start: number): number | null {
  if (start === text.length) return null;
  const [whole, sign, hours, minutes] = /^(?:Z|([+-])(\d\d):?(\d\d))/.exec(text.slice(start)) ?? [];
  if (whole === undefined) throw refusal(text, start, null);
  if (start + whole.length < text.length) throw refusal(text, start + whole.length, null);
  if (Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59) {
    throw refusal(text, start + 1, "an offset is +HH:MM");
  }
  return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
}

/** Index of the first character that does not fit `YYYY-MM-DD`; null if all of it is there. */
function firstMismatch(text: string): number | null {
  const shape = "dddd-dd-dd";
  for (let offset = 0; offset < shape.length; offset++) {
    const character = text[offset] ?? "";
    const fits = shape[offset] === "d" ? /^[0-9]$/.test(character) : character === shape[offset];
    if (!fits) return offset;
  }
  return null;
}

function number(text: string, start: number, end: number): number {
  return Number(text.slice(start, end));
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function refusal(input: string, offset: number, reason: string | null): ValueError {
  return new ValueError({ kind: KIND, input, offset, reason, accepted: ACCEPTED });
}
