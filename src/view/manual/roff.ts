/** A page of the manual in man(7), its tables in tbl(1). Pure. */
import { columnNeed, columnWidths } from "./column_widths.ts";
import { type Block, plainText, type Text } from "./markdown.ts";
import type { Page } from "./page.ts";

const MANUALS: Readonly<Record<number, string>> = {
  1: "User Commands",
  5: "File Formats",
  7: "Miscellaneous",
};
/** What is left of a line of 78 for a table: less man's indent, and two columns between cells. */
const TABLE_COLUMNS = 70;
const TABLE_GAP_COLUMNS = 3;

/** The whole page. `version` goes into its foot. */
export function roffPage({ name, section, summary, blocks }: Page, version: string): string {
  const title = [name.toUpperCase(), String(section), "", `corral ${version}`, MANUALS[section] ?? ""];
  return [
    // Has man(1) call tbl(1).
    `'\\" t`,
    // No date: the page is made from the program, and the same program gives the same page.
    `.TH ${title.map(roffArgument).join(" ")}`,
    // Nothing here gains from words stretched or divided: most of it is to be typed.
    ".nh\n.ad l",
    `.SH NAME\n${roffCode(name)} \\- ${roffText([{ kind: "text", text: summary }])}`,
    ...blocks.map((block, index) => `${paragraphStart(block, blocks[index - 1])}${roffBlock(block)}`),
  ].join("\n") + "\n";
}

/** A heading makes its own distance; so do items. */
function paragraphStart(block: Block, before: Block | undefined): string {
  const needsOne = block.kind === "paragraph" || block.kind === "code" || block.kind === "table";
  return needsOne && before?.kind !== "heading" ? ".PP\n" : "";
}

function roffBlock(block: Block): string {
  switch (block.kind) {
    case "heading": {
      const title = plainText(block.text);
      return block.level === 2 ? `.SH ${roffArgument(title.toUpperCase())}` : `.SS ${roffArgument(title)}`;
    }
    case "paragraph":
      return roffText(block.text);
    case "code":
      return `.RS 4\n.nf\n${block.lines.map((line) => guarded(roffCode(line))).join("\n")}\n.fi\n.RE`;
    case "list":
      return block.items.map((text, index) =>
        `.IP ${block.isNumbered ? `${index + 1}. 4` : "\\(bu 2"}\n${roffText(text)}`
      ).join("\n");
    case "terms":
      return block.items.map(({ term, text }) => `.TP\n${roffText(term)}\n${roffText(text) || "\\&"}`).join(
        "\n",
      );
    case "table":
      return roffTable(block.rows);
  }
}

function roffTable(rows: readonly (readonly Text[])[]): string {
  const [titles = [], ...body] = rows;
  const needs = titles.map((_, column) => columnNeed(rows.map((row) => plainText(row[column] ?? []))));
  const widths = columnWidths(needs, TABLE_COLUMNS - TABLE_GAP_COLUMNS * (titles.length - 1));
  const isWrapped = widths.some((width, column) => width < needs[column]!.whole);
  const bold = titles.map((title): Text => [{ kind: "strong", text: plainText(title) }]);
  const line = (cells: readonly Text[]) =>
    cells.map((cell) => `T{\n${roffText(cell) || "\\&"}\nT}`).join("\t");
  return [
    ".TS",
    `${widths.map((columns) => `lw(${columns}n)`).join(" ")}.`,
    [bold, ...body].map(line).join(isWrapped ? "\n\n" : "\n"),
    ".TE",
  ].join("\n");
}

/** Running text: nothing in it is taken for a request or an escape, and dashes that are typed come out as dashes. */
export function roffText(text: Text): string {
  const line = text.map((part) => {
    const words = part.text.replace(/\s+/g, " ");
    switch (part.kind) {
      case "text":
        return prose(words);
      case "variable":
        return `\\fI${roffCode(words)}\\fR`;
      case "page":
        return `\\fB${roffCode(words.slice(0, words.indexOf("(")))}\\fR${words.slice(words.indexOf("("))}`;
      default:
        return `\\fB${roffCode(words)}\\fR`;
    }
  }).join("");
  return guarded(line);
}

/** Something to be typed as it stands: every dash is one. */
export function roffCode(text: string): string {
  return escaped(text).replaceAll("-", "\\-");
}

/** A word or words as the argument of a request. */
export function roffArgument(text: string): string {
  return `"${roffCode(text).replaceAll('"', "\\(dq")}"`;
}

/** A hyphen joins two words; anything else that looks like one is a dash of an option, a sign, a range. */
function prose(text: string): string {
  return text.split(/(\s+)/).map((word) =>
    /^\W*-/.test(word) ? roffCode(word) : escaped(word).replace(/(?<![a-z])-|-(?![a-z])/g, "\\-")
  ).join("");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("`", "\\(ga").replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
  );
}

/** A dot or an apostrophe at the start of a line would be a request. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
