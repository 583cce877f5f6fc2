import { UsageError } from "../base/errors.ts";
import { hintOf } from "../base/near.ts";

/** A value that is one of a few words. */
export interface Choice<T extends string> {
  readonly values: readonly T[];
  /** Throws UsageError for any other word. */
  parse(text: string): T;
}

/** The words that `option` takes. */
export function choiceOf<const T extends string>(option: string, values: readonly T[]): Choice<T> {
  const parse = (text: string): T => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw new UsageError(
      `${option}: ${JSON.stringify(text)} is none of ${values.join(", ")}${hintOf(text, values)}`,
    );
  };
  return { values, parse };
}
