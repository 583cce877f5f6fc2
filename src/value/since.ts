import { ValueError } from "../base/errors.ts";
import { parseDurationMs } from "./duration.ts";
import { fromLocal, startOfDay } from "./local_time.ts";

const ACCEPTED = ["24h", "7d", "2026-11-01", "2026-11-01T08:00", "today"];
const KIND = "point in time";

/**
 * A moment: a duration before `now`, the start of a day, or a minute or second of one, in the node's own time zone (fromLocal() has what the
 * clocks skip), or in that of its offset (`Z`, `+02:00`).
 */
export function parseSince(text: string, now: Date): Date {
  if (text === "today") return new Date(startOfDay(now.getTime()));
  if (/^\d{4}-/.test(text)) return parseDate(text);
  return new Date(now.getTime() - parseAgoMs(text));
}

function parseAgoMs(text: string): number {
  // A bare number or a clock form would be a valid DURATION, but 2026 or 08:00 here is meant as a date or a
  // time of day.
  const bare = /^\d+(?:\.\d+)?(?=[:-]|$)/.exec(text)?.[0];
  if (bare !== undefined) {
    throw refusal(text, bare.length, bare.length === text.length ? "a unit is missing" : null);
  }
  try {
    return parseDurationMs(text);
  } catch (error) {
    throw error instanceof ValueError ? refusal(text, error.offset, error.reason) : error;
  }
}

function parseDate(given: string): Date {
  const [, text = given, zone = null] = /^([^]{16,19})(Z|[+-]\d\d:?\d\d)$/.exec(given) ?? [];
  const offset = firstMismatch(text);
  if (offset !== null) throw refusal(text, offset, null);
  const [year, month, day] = [number(text, 0, 4), number(text, 5, 7), number(text, 8, 10)];
  const [hour, minute] = text.length > 10 ? [number(text, 11, 13), number(text, 14, 16)] : [0, 0];
  if (year < 1970) throw refusal(text, 0, "years begin with 1970");
  if (month < 1 || month > 12) throw refusal(text, 5, "months run from 01 to 12");
  if (day < 1 || day > daysIn(year, month)) {
    throw refusal(text, 8, `that month has ${daysIn(year, month)} days`);
  }
  if (hour > 23) throw refusal(text, 11, "hours run to 23");
  if (minute > 59) throw refusal(text, 14, "minutes run to 59");
  const second = text.length > 16 ? number(text, 17, 19) : 0;
  if (second > 59) throw refusal(text, 17, "seconds run to 59");
  const asUtcMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return new Date(zone === null ? fromLocal(asUtcMs) : asUtcMs - offsetOf(zone));
}

/** Of `Z`, `+02:00` or `-0330`, in milliseconds. */
function offsetOf(zone: string): number {
  if (zone === "Z") return 0;
  const minutes = number(zone, 1, 3) * 60 + number(zone, zone.length - 2, zone.length);
  return (zone[0] === "-" ? -minutes : minutes) * 60_000;
}

/**
 * Index of the first character that fits none of `YYYY-MM-DD`, `YYYY-MM-DDTHH:MM` and `YYYY-MM-DDTHH:MM:SS`; null if all of one is
 * there.
 */
function firstMismatch(text: string): number | null {
  const shape = text.length > 16 ? "dddd-dd-ddTdd:dd:dd" : "dddd-dd-ddTdd:dd";
  for (let offset = 0; offset < shape.length; offset++) {
    if (offset === 10 && text.length === 10) return null;
    const character = text[offset] ?? "";
    const fits = shape[offset] === "d" ? /^[0-9]$/.test(character) : character === shape[offset];
    if (!fits) return offset;
  }
  return text.length === shape.length ? null : shape.length;
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
