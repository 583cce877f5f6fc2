/** Figures as text: short, with the letters and units that the command line prints. Null is `-`, never 0. */
const LETTERS = ["B", "K", "M", "G", "T", "P"];
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What the kernel or the store did not give. */
export const UNKNOWN = "-";

/** A number and its unit, so that the unit can be muted. */
export interface Quantity {
  readonly number: string;
  readonly unit: string;
}

/** `118` `G`, `17.2` `G`, `410` `M`. */
export function quantity(bytes: number): Quantity {
  const power = powerOf(bytes);
  return { number: inPower(bytes, power), unit: LETTERS[power]! };
}

/** `25G` of 25.0 GiB, for a sentence; a column keeps its decimals. */
export function brief(value: number | null): string {
  return value === null ? UNKNOWN : limitText(value);
}

/** `288` of `288.0`, and one decimal where it says something. */
export function briefNumber(text: string): string {
  return trimmed(text);
}

/** `17.2G`. */
export function bytes(value: number | null): string {
  if (value === null) return UNKNOWN;
  const { number, unit } = quantity(value);
  return number + unit;
}

/** Use and limit in the unit of the limit: `17.2` and `24G`. */
export function ofLimit(used: number, limit: number): { used: string; limit: string } {
  const power = powerOf(limit);
  return { used: inPower(used, power), limit: trimmed(inPower(limit, power)) + LETTERS[power]! };
}

/** `24G` of 24 GiB: a limit as the user typed it. */
export function limitText(value: number): string {
  return ofLimit(0, value).limit;
}

/** Cores in use: `6.1`. */
export function cores(value: number | null): string {
  return value === null ? UNKNOWN : value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

/** Cores as a limit: `8`, `0.5`. */
export function coreLimit(value: number): string {
  return trimmed(value.toFixed(2));
}

/** `8.4`. */
export function percent(value: number | null): string {
  return value === null ? UNKNOWN : value.toFixed(1);
}

/** `45s`, `52m`, `5h08m`, `2d04h`: no seconds beside minutes, so that a column keeps quiet. */
export function duration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / 1000))}s`;
  const minutes = Math.floor(ms / MINUTE_MS);
  if (minutes < 60) return `${minutes}m`;
  return minutes < 1440 ? twoUnits(minutes, 60, "hm") : twoUnits(Math.floor(minutes / 60), 24, "dh");
}

/** As formatDuration() of value/duration.ts writes it, which would bring its parser along: a test compares them. */
function twoUnits(small: number, perLarge: number, [large, unit]: string): string {
  const rest = small % perLarge;
  return `${Math.floor(small / perLarge)}${large}${rest === 0 ? "" : String(rest).padStart(2, "0") + unit}`;
}

/** CPU time in hours: `67.4`. */
export function cpuHours(usec: number | null): string {
  return usec === null ? UNKNOWN : (usec / 3.6e9).toFixed(1);
}

/** Times of day in the node's zone. */
export class Clock {
  readonly #parts: Intl.DateTimeFormat;

  constructor(zone: string) {
    this.#parts = new Intl.DateTimeFormat(
      "en-GB",
      { ...PARTS, timeZone: knownZone(zone) } as Intl.DateTimeFormatOptions,
    );
  }

  /** `08:12`, or `26 Nov 18:00` where `nowMs` is of another day. */
  short(ms: number, nowMs: number): string {
    const at = this.#read(ms);
    const time = `${at.hour}:${at.minute}`;
    return this.#day(ms) === this.#day(nowMs) ? time : `${at.day} ${at.month} ${time}`;
  }

  /** `08:12:40`. */
  exact(ms: number): string {
    const at = this.#read(ms);
    return `${at.hour}:${at.minute}:${at.second}`;
  }

  /** How far the zone is ahead of UTC, ms. */
  offsetMs(ms: number): number {
    const at = this.#read(ms);
    const asUtc = Date.parse(`${at.day} ${at.month} ${at.year} ${at.hour}:${at.minute}:${at.second} UTC`);
    return asUtc - Math.floor(ms / 1000) * 1000;
  }

  /** Midnight of the day in which a moment lies. */
  startOfDayMs(ms: number): number {
    const offset = this.offsetMs(ms);
    return Math.floor((ms + offset) / DAY_MS) * DAY_MS - offset;
  }

  #day(ms: number): string {
    const at = this.#read(ms);
    return `${at.day} ${at.month} ${at.year}`;
  }

  #read(ms: number): Record<string, string> {
    return Object.fromEntries(this.#parts.formatToParts(ms).map(({ type, value }) => [type, value]));
  }
}

const PARTS = {
  ...{ year: "numeric", month: "short", day: "numeric" },
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
};

/** A browser may be older than a zone of the node. */
function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

function powerOf(value: number): number {
  let power = 0;
  for (let rest = value; rest >= 1023.95 && power < LETTERS.length - 1; rest /= 1024) power++;
  return power;
}

/** One decimal from G on and below 100; none elsewhere. */
function inPower(value: number, power: number): string {
  const number = value / 1024 ** power;
  return number >= 99.95 || power < 3 ? number.toFixed(0) : number.toFixed(1);
}

function trimmed(number: string): string {
  return number.includes(".") ? number.replace(/\.?0+$/, "") : number;
}
