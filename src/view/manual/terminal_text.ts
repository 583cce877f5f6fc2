/** A page of the manual for the terminal: plain text, wrapped, with bold where the terminal has it. Pure. */
import { columnNeed, columnWidths } from "./column_widths.ts";
import { type Block, plainText, type Text } from "./markdown.ts";
import type { Page } from "./page.ts";

/** Where the page goes. */
export interface TerminalForm {
  /** Of the terminal; null in a pipe. */
  readonly widthColumns: number | null;
  readonly bold: boolean;
}

const PIPE_COLUMNS = 80;
/** Longer lines are hard to read. */
const MAX_COLUMNS = 100;
const MIN_COLUMNS = 40;
const INDENT = "    ";
const GAP = "  ";
const BOLD = ["\x1b[1m", "\x1b[22m"] as const;
// deno-lint-ignore no-control-regex
const STYLE = /\x1b\[\d+m/g;

/** The whole page; ends in a newline. */
export function terminalText({ name, section, summary, blocks }: Page, form: TerminalForm): string {
  const columns = Math.min(Math.max(form.widthColumns ?? PIPE_COLUMNS, MIN_COLUMNS), MAX_COLUMNS);
  const writer = new Writer(columns, form.bold);
  return [
    ...wrapped(`${writer.emphasized(`${name}(${section})`)}: ${summary}`, columns),
    ...blocks.flatMap((block) => writer.block(block)),
  ].join("\n") + "\n";
}

class Writer {
  constructor(readonly columns: number, readonly bold: boolean) {}

  /** Its lines, with the empty one before it. */
  block(block: Block): string[] {
    switch (block.kind) {
      case "heading":
        return block.level === 2
          ? ["", this.emphasized(plainText(block.text).toUpperCase())]
          : ["", `  ${this.emphasized(plainText(block.text))}`];
      case "paragraph":
        return ["", ...this.#hanging("", this.#styled(block.text))];
      case "code":
        return ["", ...block.lines.map((line) => line === "" ? "" : INDENT + INDENT + line)];
      case "list":
        return [
          "",
          ...block.items.flatMap((item, index) =>
            this.#hanging(block.isNumbered ? `${index + 1}. ` : "- ", this.#styled(item))
          ),
        ];
      case "terms":
        return [
          "",
          ...block.items.flatMap(({ term, text }) => this.#term(this.#styled(term), this.#styled(text))),
        ];
      case "table":
        return ["", ...this.#table(block.rows)];
    }
  }

  /** Each word by itself, so that no style goes on over a line break. */
  emphasized(text: string): string {
    return this.bold ? text.split(" ").map((word) => BOLD.join(word)).join(" ") : text;
  }

  #styled(text: Text): string {
    return text.map(({ kind, text }) => kind === "text" || kind === "variable" ? text : this.emphasized(text))
      .join("");
  }

  #hanging(mark: string, text: string): string[] {
    const columns = this.columns - INDENT.length - mark.length;
    return wrapped(text, columns).map((line, index) =>
      INDENT + (index === 0 ? mark : " ".repeat(mark.length)) + line
    );
  }

  #term(term: string, text: string): string[] {
    const below = wrapped(text, this.columns - INDENT.length - INDENT.length);
    return [...this.#hanging("", term), ...below.map((line) => INDENT + INDENT + line)];
  }

  #table(rows: readonly (readonly Text[])[]): string[] {
    const cells = rows.map((row, index) =>
      row.map((cell) => index === 0 ? this.emphasized(plainText(cell)) : this.#styled(cell))
    );
    const titles = rows[0] ?? [];
    const needs = titles.map((_, column) => columnNeed(rows.map((row) => plainText(row[column] ?? []))));
    const widths = columnWidths(needs, this.columns - INDENT.length - GAP.length * (titles.length - 1));
    const isWrapped = widths.some((width, column) => width < needs[column]!.whole);
    return cells.flatMap((row, index) => [
      ...(isWrapped && index > 0 ? [""] : []),
      ...tableRow(row.map((cell, column) => wrapped(cell, widths[column]!)), widths),
    ]);
  }
}

function tableRow(cells: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from(
    { length: height },
    (_, line) =>
      (INDENT + cells.map((lines, column) => padded(lines[line] ?? "", widths[column]!)).join(GAP)).trimEnd(),
  );
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - lengthOf(text)));
}

function lengthOf(text: string): number {
  return [...text.replace(STYLE, "")].length;
}

/** A word that is longer than a line has a line of its own. No lines for no words. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let free = 0;
  for (const word of text.split(" ").filter((word) => word !== "")) {
    const length = lengthOf(word);
    if (lines.length > 0 && length < free) {
      lines.push(`${lines.pop()} ${word}`);
      free -= length + 1;
    } else {
      lines.push(word);
      free = columns - length;
    }
  }
  return lines;
}
