/** What a shell can offer for a value, by the name that the value has in the usage line. */
import { SIGNAL_NAMES } from "../../value/signal.ts";
import type { ArgumentForm, ValueForm } from "../command_tree.ts";

/** `words` are all there can be; `job` is the id of a live job; `other` is anything. */
export type ValueKind =
  | { kind: "words"; words: readonly string[] }
  | { kind: "file" | "directory" | "user" | "job" | "command" | "other" };

const BY_NAME: Readonly<Record<string, ValueKind>> = {
  FILE: { kind: "file" },
  DIR: { kind: "directory" },
  USER: { kind: "user" },
  JOB: { kind: "job" },
  COMMAND: { kind: "command" },
  SIG: { kind: "words", words: SIGNAL_NAMES },
};

/** Of an option's value or of an argument. */
export function valueKind({ name, values }: ValueForm): ValueKind {
  if (values.length > 0) return { kind: "words", words: values };
  return BY_NAME[name] ?? { kind: "other" };
}

/** True when the words from the first argument on are another program's: `corral run COMMAND ARG...`. */
export function launches(verb: { arguments: readonly ArgumentForm[] }): boolean {
  const first = verb.arguments[0];
  return first !== undefined && valueKind(first).kind === "command";
}
