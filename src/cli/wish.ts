/** The words that lift a limit. */
const NONE = ["none", "infinity"];

/** The parsed value of an option; in an object, because commander takes a parsed null for a missing value. */
export interface Wish<T> {
  value: T | null;
}

/** A parser that also takes the words for none. */
export function wishOrNone<T>(parse: (text: string) => T): (text: string) => Wish<T> {
  return (text) => ({ value: NONE.includes(text) ? null : parse(text) });
}
