/**
 * The part of Markdown that the manual is written in, read into data. Pure.
 *
 * Blocks: headings of level 2 and 3, paragraphs, fenced code, bullets, numbers, tables, and bullets of the form "- `term`: text", which
 * become a list of terms. Inline: `code`, **strong**, *VARIABLE* and page(7). Anything else is text as it stands.
 */

/** A run of text in one form. `page` is a manual page's name with its section, such as corral-run(1). */
export interface Inline {
  readonly kind: "text" | "code" | "strong" | "variable" | "page";
  readonly text: string;
}
/** Running text. */
export type Text = readonly Inline[];
/** A word or option and what it means. */
export interface Term {
  readonly term: Text;
  readonly text: Text;
}
/** What a page consists of. The first row of a table holds its titles. */
export type Block =
  | { readonly kind: "heading"; readonly level: 2 | 3; readonly text: Text }
  | { readonly kind: "paragraph"; readonly text: Text }
  | { readonly kind: "code"; readonly lines: readonly string[] }
  | { readonly kind: "list"; readonly isNumbered: boolean; readonly items: readonly Text[] }
  | { readonly kind: "terms"; readonly items: readonly Term[] }
  | { readonly kind: "table"; readonly rows: readonly (readonly Text[])[] };

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([A-Z][\w=.:-]*)\*|\b([a-z][\w.-]*\([1-8]\))/g;
const HEADING = /^(#{2,3}) (.+)$/;
const FENCE = /^```/;
const ITEM = /^(- |\d+\. )(.*)$/;
const ROW = /^\|(.*)\|$/;
/** The first colon outside of code ends the term. */
const TERM = /^((?:`[^`]*`|\*\*[^*]*\*\*|[^`*:]|\*)+?):(?: (.*))?$/s;

/** In the order of the text. Throws SyntaxError for a code block without an end. */
export function readBlocks(markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length;) {
    const { block, next } = readBlock(lines, index);
    if (block !== null) blocks.push(block);
    index = next;
  }
  return blocks;
}

interface Reading {
  block: Block | null;
  /** Index of the line after the block. */
  next: number;
}

function readBlock(lines: readonly string[], start: number): Reading {
  const line = lines[start]!;
  if (line.trim() === "") return { block: null, next: start + 1 };
  const heading = HEADING.exec(line);
  if (heading !== null) {
    const level = heading[1]!.length as 2 | 3;
    return { block: { kind: "heading", level, text: readText(heading[2]!) }, next: start + 1 };
  }
  if (FENCE.test(line)) return readCode(lines, start);
  if (ROW.test(line)) return readTable(lines, start);
  if (ITEM.test(line)) return readList(lines, start);
  const next = endOf(lines, start, (candidate) => candidate !== "" && !isStart(candidate));
  const text = readText(lines.slice(start, next).join(" "));
  return { block: { kind: "paragraph", text }, next };
}

function isStart(line: string): boolean {
  return [HEADING, FENCE, ROW, ITEM].some((pattern) => pattern.test(line));
}

/** Index of the first line after `start` for which `goesOn` is false. */
function endOf(lines: readonly string[], start: number, goesOn: (line: string) => boolean): number {
  let end = start + 1;
  while (end < lines.length && goesOn(lines[end]!)) end++;
  return end;
}

function readCode(lines: readonly string[], start: number): Reading {
  const end = endOf(lines, start, (line) => !FENCE.test(line));
  if (end === lines.length) throw new SyntaxError(`The block does not end: ${lines[start]}`);
  return { block: { kind: "code", lines: lines.slice(start + 1, end) }, next: end + 1 };
}

function readTable(lines: readonly string[], start: number): Reading {
  const next = endOf(lines, start, (line) => ROW.test(line));
  const rows = lines.slice(start, next).filter((line) => !/^[|\s:-]+$/.test(line)).map((line) =>
    ROW.exec(line)![1]!.split(/(?<!\\)\|/).map((cell) => readText(cell.trim().replaceAll("\\|", "|")))
  );
  return { block: { kind: "table", rows }, next };
}

/** Items go on in lines that are indented. */
function readList(lines: readonly string[], start: number): Reading {
  const isNumbered = !lines[start]!.startsWith("- ");
  const isOfList = (line: string) =>
    ITEM.test(line) ? line.startsWith("- ") !== isNumbered : /^ +\S/.test(line);
  const next = endOf(lines, start, isOfList);
  const items: string[] = [];
  for (const line of lines.slice(start, next)) {
    const item = ITEM.exec(line);
    if (item !== null) items.push(item[2]!);
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  const terms = items.map((item) => /^[`*]/.test(item) ? TERM.exec(item) : null);
  if (!isNumbered && terms.every((match) => match !== null)) {
    const read = terms.map(([, term, text]) => ({ term: readText(term!), text: readText(text ?? "") }));
    return { block: { kind: "terms", items: read }, next };
  }
  return { block: { kind: "list", isNumbered, items: items.map(readText) }, next };
}

/** One line of Markdown's inline forms. */
export function readText(text: string): Text {
  const found: Inline[] = [];
  let end = 0;
  const add = (kind: Inline["kind"], part: string) => {
    if (part !== "") found.push({ kind, text: part });
  };
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, variable, page] = match;
    add("text", text.slice(end, match.index));
    if (code !== undefined) add("code", code);
    else if (strong !== undefined) add("strong", strong);
    else if (variable !== undefined) add("variable", variable);
    else add("page", page!);
    end = match.index + whole.length;
  }
  add("text", text.slice(end));
  return found;
}

/** Without its forms. */
export function plainText(text: Text): string {
  return text.map((part) => part.text).join("");
}
