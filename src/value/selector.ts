import { ValueError } from "../base/errors.ts";
import { idMismatchOffset, isJobId } from "./id.ts";

const ACCEPTED = [
  "an id such as 7k2m9q",
  "the beginning of one",
  "a name or ref",
  "name:NAME",
  "ref:REF",
  "last",
];

/** The forms of a JOB argument, for the help of the commands that take one. */
export const JOB_FORMS = "id, the beginning of one, name, ref, name:NAME, ref:REF or last";

/**
 * Which jobs a JOB argument means. `word`: whatever bears it as its id, else as its ref, else as its name, else the one whose id begins
 * with it (`prefix`, null where none can). `last`: the newest.
 */
export type Selector =
  | {
    readonly kind: "word";
    readonly word: string;
    readonly id: string | null;
    readonly prefix: string | null;
  }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "ref"; readonly ref: string }
  | { readonly kind: "last" };

/** Reads a JOB argument; whether such a job exists is for the store to say. Throws ValueError. */
export function parseSelector(text: string): Selector {
  if (text.startsWith("name:")) return { kind: "name", name: rest(text, "name:") };
  if (text.startsWith("ref:")) return { kind: "ref", ref: rest(text, "ref:") };
  if (text === "") throw refusal(text, 0, "it is empty");
  // No id has an l: it hides none.
  if (text === "last") return { kind: "last" };
  const isPrefix = idMismatchOffset(text) === null;
  return { kind: "word", word: text, id: isJobId(text) ? text : null, prefix: isPrefix ? text : null };
}

function rest(text: string, label: string): string {
  const value = text.slice(label.length);
  if (value === "") throw refusal(text, label.length, `nothing follows ${label}`);
  return value;
}

function refusal(input: string, offset: number, reason: string): ValueError {
  return new ValueError({ kind: "job", input, offset, reason, accepted: ACCEPTED });
}
