/** Times of the node's own zone as text, for very many of them. */

const QUARTER_MS = 900_000;
const SECOND_MS = 1000;

/** What the last quarter of an hour looked like: the calendar is slow, and zones change their offset only between quarters. */
let known = { startMs: NaN, hour: "", secondOfHour: 0 };

/** `2026-11-01 08:00:05`, of milliseconds since the epoch. */
export function localTime(ms: number): string {
  const startMs = Math.floor(ms / QUARTER_MS) * QUARTER_MS;
  if (startMs !== known.startMs) {
    const date = new Date(startMs);
    const secondOfHour = date.getMinutes() * 60 + date.getSeconds();
    known = { startMs, hour: localHour(startMs), secondOfHour };
  }
  const second = known.secondOfHour + Math.floor((ms - startMs) / SECOND_MS);
  return `${known.hour}:${twoDigits(Math.floor(second / 60))}:${twoDigits(second % 60)}`;
}

/** `2026-11-01`. */
export function localDay(ms: number): string {
  return localTime(ms).slice(0, 10);
}

/** `2026-11-01 08`. */
export function localHour(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
  return `${day} ${twoDigits(date.getHours())}`;
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}
