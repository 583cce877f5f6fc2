/**
 * Times of the node's own zone as text, for very many of them, and back. The zone is the C library's (linux/zone.ts), as for date(1): the
 * runtime knows zones by name alone, and takes any other (`EST5EDT,M3.2.0,M11.1.0`, a copied /etc/localtime) for UTC.
 */

const QUARTER_MS = 900_000;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** How far the clocks of the zone were ahead of UTC at a moment; both in milliseconds. */
export type Zone = (ms: number) => number;

/** The zone as far as the runtime knows it. */
const runtimeZone: Zone = (ms) => -new Date(ms).getTimezoneOffset() * MINUTE_MS;

let zone = runtimeZone;

/** What the last quarter of an hour looked like: zones change their offset only between quarters. */
let known = { startMs: NaN, hour: "", secondOfHour: 0 };

/** Times are of this zone from now on; null: of the runtime's. */
export function useZone(other: Zone | null): void {
  zone = other ?? runtimeZone;
  known = { startMs: NaN, hour: "", secondOfHour: 0 };
}

/** `2026-11-01 08:00:05`, of milliseconds since the epoch. */
export function localTime(ms: number): string {
  const startMs = Math.floor(ms / QUARTER_MS) * QUARTER_MS;
  if (startMs !== known.startMs) {
    const date = shifted(startMs);
    const secondOfHour = date.getUTCMinutes() * 60 + date.getUTCSeconds();
    known = { startMs, hour: localHour(startMs), secondOfHour };
  }
  const second = known.secondOfHour + Math.floor((ms - startMs) / SECOND_MS);
  return `${known.hour}:${twoDigits(Math.floor(second / 60))}:${twoDigits(second % 60)}`;
}

let knownUtc = { startMs: NaN, hour: "" };

/** `2026-11-01T07:00:05+00:00`: the same moment for every reader. */
export function utcTime(ms: number): string {
  const startMs = Math.floor(ms / HOUR_MS) * HOUR_MS;
  if (startMs !== knownUtc.startMs) {
    knownUtc = { startMs, hour: new Date(startMs).toISOString().slice(0, -":00:00.000Z".length) };
  }
  const second = Math.floor((ms - startMs) / SECOND_MS);
  return `${knownUtc.hour}:${twoDigits(Math.floor(second / 60))}:${twoDigits(second % 60)}+00:00`;
}

/** `2026-11-01`. */
export function localDay(ms: number): string {
  return localTime(ms).slice(0, 10);
}

/** `2026-11-01 08`. */
export function localHour(ms: number): string {
  const date = shifted(ms);
  const day = `${date.getUTCFullYear()}-${twoDigits(date.getUTCMonth() + 1)}-${twoDigits(date.getUTCDate())}`;
  return `${day} ${twoDigits(date.getUTCHours())}`;
}

/** The beginning of the day in which a moment lies. */
export function startOfDay(ms: number): number {
  return fromLocal(Math.floor((ms + zone(ms)) / DAY_MS) * DAY_MS);
}

/**
 * The moment of a local time, which is given as if it were UTC. One that there was twice is the first of them; one that the clocks skip is
 * read as if they had not been changed yet, so 02:30 is 03:30.
 */
export function fromLocal(asUtcMs: number): number {
  const [before, after] = [-DAY_MS, DAY_MS].map((ms) => asUtcMs - zone(asUtcMs + ms));
  const isRight = (ms: number) => ms + zone(ms) === asUtcMs;
  return !isRight(before!) && isRight(after!) ? after! : before!;
}

/** A date whose UTC fields are the local ones. */
function shifted(ms: number): Date {
  return new Date(ms + zone(ms));
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}
