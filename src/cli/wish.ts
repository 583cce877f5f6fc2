import type { Wish } from "../act/change/set_limits.ts";

/** The words that lift a limit. */
const NONE = ["none", "infinity"];

/** A parser that also takes the words for none. */
export function wishOrNone<T>(parse: (text: string) => T): (text: string) => Wish<T> {
  return (text) => ({ value: NONE.includes(text) ? null : parse(text) });
}
