/** One page of the manual: from its Markdown and the program that it describes to blocks of text. Pure. */
import type { ProgramForm, VerbForm } from "../command_tree.ts";
import { generatedPart, optionTerms, usageLine } from "./generated.ts";
import { type Block, readBlocks } from "./markdown.ts";

/** A page, complete. */
export interface Page {
  /** Such as corral-run. */
  readonly name: string;
  /** Of the manual: 1 commands, 5 files, 7 everything else. */
  readonly section: number;
  /** One line without a full stop. */
  readonly summary: string;
  readonly blocks: readonly Block[];
}

/** Read from the name of a page's file. */
export interface PageName {
  readonly name: string;
  readonly section: number;
}

const TITLE = /^# ([\w.-]+)\((\d)\)(?:: (.*))?\n/;
const GENERATED = /^<!-- generated: ([\w -]+) -->$/gm;

/** `corral-run.1` as a name. */
export function pageName(key: string): PageName {
  const dot = key.lastIndexOf(".");
  return { name: key.slice(0, dot), section: Number(key.slice(dot + 1)) };
}

/** The command that the page is of; null for another page. */
export function verbOf(program: ProgramForm, { name, section }: PageName): VerbForm | null {
  const verb = program.verbs.find((candidate) => `${program.name}-${candidate.name}` === name);
  return section === 1 ? verb ?? null : null;
}

/** Throws Error for a title that is not the page's own, and for a generated part that there is not. */
export function readPage(key: string, markdown: string, program: ProgramForm): Page {
  const { name, section } = pageName(key);
  const [line = "", named, numbered, summary] = TITLE.exec(markdown) ?? [];
  if (named !== name || Number(numbered) !== section) {
    throw new Error(`${key}: the title is ${JSON.stringify(line)}`);
  }
  const verb = verbOf(program, { name, section });
  const body = markdown.slice(line.length);
  const text = (verb === null ? body : verbPage(program, verb, body))
    .replace(GENERATED, (_, part: string) => generatedPart(part, program));
  return { name, section, summary: verb?.summary ?? summary ?? "", blocks: readBlocks(text) };
}

/** A page of a command: what the command line describes, with the page's own text after its description and its options. */
function verbPage(program: ProgramForm, verb: VerbForm, body: string): string {
  const first = body.search(/^## /m);
  const intro = first < 0 ? body : body.slice(0, first);
  return [
    "## Synopsis",
    usageLine(program, verb),
    "## Description",
    verb.description,
    intro,
    "## Options",
    optionTerms({ ...verb, options: verb.options.filter(({ long }) => long !== "--help") }) ||
    "None but `--help`.",
    first < 0 ? "" : body.slice(first),
  ].join("\n\n");
}
