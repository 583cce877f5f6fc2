/** The interval of the sweeps. */
import { ValueError } from "../../base/errors.ts";
import { parseDurationMs } from "../../value/duration.ts";

/** Between sweeps, unless it is asked for otherwise; also in packages. */
export const DEFAULT_EVERY_MS = 5 * 60_000;

const LEAST_MS = 10_000;
const MOST_MS = 7 * 24 * 3_600_000;

/** Returns milliseconds: whole seconds from 10 s to 7 days. Throws ValueError. */
export function parseEveryMs(text: string): number {
  const everyMs = parseDurationMs(text);
  if (everyMs >= LEAST_MS && everyMs <= MOST_MS && everyMs % 1000 === 0) return everyMs;
  throw new ValueError({
    kind: "duration between sweeps",
    input: text,
    offset: 0,
    accepted: ["10s to 7d, in whole seconds"],
  });
}
