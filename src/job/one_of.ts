/** Words of a fixed list on the command line. */
import { UsageError } from "../errors.ts";
import { nearest } from "./near.ts";

/** A parser of `option` that takes one of `accepted` and refuses everything else with the list. */
export function oneOf<const T extends string>(option: string, accepted: readonly T[]): (text: string) => T {
  return (text) => {
    const found = accepted.find((candidate) => candidate === text);
    if (found !== undefined) return found;
    const near = nearest(text, accepted);
    const hint = near === null ? "" : `, did you mean ${near}?`;
    throw new UsageError(`${option}: ${JSON.stringify(text)} is none of ${accepted.join(", ")}${hint}`);
  };
}
