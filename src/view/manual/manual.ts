/** The pages of the manual by name: to be looked up, listed and written out. Loads the text of all of them. */
import { hintOf } from "../../base/near.ts";
import { UsageError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import type { ProgramForm } from "../command_tree.ts";
import { type Page, pageName, readPage } from "./page.ts";
import { PAGES } from "./pages.ts";
import { roffPage } from "./roff.ts";

/** Names and sections, such as corral-run.1, in the order of the sections. */
export const PAGE_KEYS: readonly string[] = Object.keys(PAGES);
/** Words for which there is no page of that name. */
const SYNONYMS: Readonly<Record<string, string>> = {
  config: "toml",
  configuration: "toml",
  settings: "toml",
  "exit-codes": "corral",
  values: "corral",
  durations: "corral",
  sizes: "corral",
  times: "corral",
  selectors: "corral",
  signals: "kill",
};

/**
 * `celery` for corral-celery.7, `toml` for corral.toml.5: what a user types. Of two pages of one name the later one has its section:
 * `metrics.7` beside the command's own.
 */
export function topicOf(key: string): string {
  const { name, section } = pageName(key);
  const topic = name.replace(/^corral[-.](?=.)/, "");
  return PAGE_KEYS.find((other) => pageName(other).name === name) === key ? topic : `${topic}.${section}`;
}

/** The key of the page that is meant by its name, its short form or both with the section; null for none. */
export function findPage(word: string): string | null {
  const bare = word.replace(/\((\d)\)$/, ".$1");
  const topic = SYNONYMS[bare] ?? bare;
  return PAGE_KEYS.find((key) => [key, pageName(key).name, topicOf(key)].includes(topic)) ?? null;
}

/** Throws UsageError that names the nearest of the topics and of `others`. */
export function refuseTopic(word: string, others: readonly string[] = []): never {
  const known = [...others, ...PAGE_KEYS.map(topicOf)];
  throw new UsageError(
    `there is no page ${quoted(word)}${hintOf(word, known) || "; corral man --list names all"}`,
  );
}

/** Throws Error for a key that there is not. */
export function pageOf(key: string, program: ProgramForm): Page {
  return readPage(key, PAGES[key]!, program);
}

/** `corral-run(1)  run a command in ...`, a line for each. */
export function pageList(keys: readonly string[], program: ProgramForm): string {
  const rows = keys.map((key) => pageOf(key, program)).map(({ name, section, summary }) =>
    [`${name}(${section})`, summary] as const
  );
  const columns = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, summary]) => `${name.padEnd(columns)}  ${summary}\n`).join("");
}

/** A page as it is installed. */
export interface ManualFile {
  /** Below the share directory. */
  readonly path: string;
  readonly text: string;
}

/** Where man(1) looks for the page, below the share directory. */
export function manualPath(key: string): string {
  return `man/man${pageName(key).section}/${key}`;
}

/** All pages in man(7). */
export function manualFiles(program: ProgramForm, version: string): ManualFile[] {
  return PAGE_KEYS.map((key) => ({
    path: manualPath(key),
    text: roffPage(pageOf(key, program), version),
  }));
}
