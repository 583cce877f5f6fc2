/** What a shell can offer for a value, by the name that the value has in the usage line. */
import { SIGNAL_NAMES } from "../../value/signal.ts";
import type { ArgumentForm, ValueForm } from "../command_tree.ts";

/**
 * `words` are all there can be, `list` several of them with commas in between; `job`, `name` and `ref` are those of live jobs; `other` is
 * anything.
 */
export type ValueKind =
  | { kind: "words" | "list"; words: readonly string[] }
  | { kind: "file" | "directory" | "user" | "job" | "name" | "ref" | "command" | "other" };

const BY_NAME: Readonly<Record<string, ValueKind>> = {
  FILE: { kind: "file" },
  DIR: { kind: "directory" },
  USER: { kind: "user" },
  JOB: { kind: "job" },
  NAME: { kind: "name" },
  GLOB: { kind: "name" },
  REF: { kind: "ref" },
  COMMAND: { kind: "command" },
  SIG: { kind: "words", words: SIGNAL_NAMES },
};

/** Of an option's value or of an argument. */
export function valueKind({ name, values }: ValueForm): ValueKind {
  if (values.length > 0) return { kind: name.includes(",") ? "list" : "words", words: values };
  return BY_NAME[name] ?? { kind: "other" };
}

/** True when the words from the first argument on are another program's: `corral run COMMAND ARG...`. */
export function launches(verb: { arguments: readonly ArgumentForm[] }): boolean {
  const first = verb.arguments[0];
  return first !== undefined && valueKind(first).kind === "command";
}
