/** What is written about corral and has commands in it: README.md and the pages of the manual. */
import { join } from "node:path";
import { PAGES } from "../../../src/view/manual/pages.ts";
import { PROJECT_DIR } from "../machine/project.ts";

/** One file of Markdown. */
export interface Document {
  /** As it is named in the tests. */
  readonly name: string;
  readonly text: string;
}

/** Where README.md is. */
export const README = join(PROJECT_DIR, "README.md");

/** README.md first. */
export const DOCUMENTS: readonly Document[] = [
  { name: "README.md", text: Deno.readTextFileSync(README) },
  ...Object.entries(PAGES).map(([key, text]) => ({ name: `${key}.md`, text })),
];
