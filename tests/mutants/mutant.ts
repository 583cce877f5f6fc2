/** Edits of src that some unit test must notice, and how one of them is checked against the tree. */
import { join } from "node:path";
import { PROJECT_DIR } from "../kit/machine/project.ts";

/** One edit. */
export interface Mutant {
  /** Such as src/job/decide.ts. */
  file: string;
  /** What goes wrong with it. */
  what: string;
  /** Occurs exactly once in the file. As short as it can be: the file changes, too. */
  from: string;
  to: string;
  /** Test files and folders below tests/unit that are to notice it. */
  tests: readonly string[];
}

/** What goes wrong, the text that is there, and the text that takes its place. */
export type Edit = readonly [what: string, from: string, to: string];

/** The edits of one file. Without `tests`: the test file of the same name, or else the folder of the same name, below tests/unit. */
export function editsOf(
  file: string,
  edits: readonly Edit[],
  tests: readonly string[] = [mirrorOf(file)],
): Mutant[] {
  return edits.map(([what, from, to]) => ({ file, what, from, to, tests }));
}

function mirrorOf(file: string): string {
  const path = file.replace(/^src\//, "").replace(/\.ts$/, "");
  return isThere(`tests/unit/${path}_test.ts`) ? `${path}_test.ts` : path.slice(0, path.lastIndexOf("/"));
}

/** What is wrong with the edit itself, in this tree; null when it can be tried. */
export function flaw({ file, from, to, tests }: Mutant): string | null {
  if (!isThere(file)) return "there is no such file";
  const pieces = Deno.readTextFileSync(join(PROJECT_DIR, file)).split(from);
  if (pieces.length !== 2) return `its text is there ${pieces.length - 1} times: ${JSON.stringify(from)}`;
  if (from === to) return "it changes nothing";
  const missing = tests.find((test) => !isThere(`tests/unit/${test}`));
  return missing === undefined ? null : `there is no tests/unit/${missing}`;
}

/** How it is named in what is printed. */
export function nameOf({ file, what }: Mutant): string {
  return `${file}: ${what}`;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(join(PROJECT_DIR, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
