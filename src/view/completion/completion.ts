/** The completion of each shell. */
import { bashCompletion } from "./bash.ts";
import type { ProgramForm } from "../command_tree.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

/** The shells, each with what makes its script. */
export const COMPLETIONS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Record<string, (program: ProgramForm) => string>;

/** One of the keys of COMPLETIONS. */
export type Shell = keyof typeof COMPLETIONS;

/** In the order of the help text. */
export const SHELLS = Object.keys(COMPLETIONS) as readonly Shell[];
