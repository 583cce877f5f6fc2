/** What a terminal shows of the text that is written to it: as much of xterm as corral uses, and nothing else is accepted. */
import stringWidth from "string-width";

// deno-lint-ignore no-control-regex
const SEQUENCE = /^\x1b\[(\??)([0-9;]*)([A-Za-z])/;
// deno-lint-ignore no-control-regex
const UNFINISHED = /^\x1b(\[\??[0-9;]*)?$/;
const SEGMENTER = new Intl.Segmenter();

export class FakeTerminal {
  #cells: string[][] = [];
  #row = 0;
  #column = 0;
  #rest = "";
  isAlternate = false;
  isCursorShown = true;
  wraps = true;
  /** On the alternate screen: characters that had no room in their line, and lines that had none below each other. */
  overflows = 0;
  /** How often the whole screen, or all of it below the first line, was cleared. */
  clears = 0;

  constructor(public columns: number, public rows: number) {}

  /** The lines without blanks at their ends, as far down as there are any. */
  get lines(): string[] {
    const lines = Array.from({ length: this.rows }, (_, row) => (this.#cells[row] ?? []).join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  resize(columns: number, rows: number): void {
    [this.columns, this.rows] = [columns, rows];
  }

  /** Takes text in pieces of any size. */
  feed(text: string): void {
    let rest = this.#rest + text;
    while (rest !== "" && !UNFINISHED.test(rest)) {
      const sequence = SEQUENCE.exec(rest);
      if (sequence !== null) {
        this.#obey(`${sequence[1]}${sequence[2]}${sequence[3]}`);
        rest = rest.slice(sequence[0].length);
        continue;
      }
      // Segmenting is slow, and nearly everything is plain.
      const segment = /^[ -~](?=[ -~]|$)/.exec(rest)?.[0] ?? SEGMENTER.segment(rest).containing(0)!.segment;
      this.#write(segment);
      rest = rest.slice(segment.length);
    }
    this.#rest = rest;
  }

  #obey(command: string): void {
    const [, row, column] = /^(\d+);(\d+)H$/.exec(command) ?? [];
    if (row !== undefined) {
      [this.#row, this.#column] = [Number(row) - 1, Number(column) - 1];
      return;
    }
    switch (command) {
      case "?1049h":
      case "?1049l":
        this.isAlternate = command.endsWith("h");
        this.#cells = [];
        break;
      case "?25h":
      case "?25l":
        this.isCursorShown = command.endsWith("h");
        break;
      case "?7h":
      case "?7l":
        this.wraps = command.endsWith("h");
        break;
      case "H":
        [this.#row, this.#column] = [0, 0];
        break;
      case "K":
        this.#clearLine(this.#row, this.#column);
        break;
      case "J":
        if (this.#row === 0) this.clears++;
        for (let row = this.#row; row < this.rows; row++) {
          this.#clearLine(row, row === this.#row ? this.#column : 0);
        }
        break;
      case "1m":
      case "22m":
      // Colours of text (view/tint.ts).
      case "31m":
      case "33m":
      case "39m":
        break;
      default:
        throw new Error(`Cannot show the control sequence ESC [ ${command}`);
    }
  }

  #write(segment: string): void {
    if (segment === "\r") this.#column = 0;
    else if (segment === "\n") this.#nextLine();
    else if (segment === "\r\n") {
      this.#column = 0;
      this.#nextLine();
    } else this.#put(segment);
  }

  #nextLine(): void {
    if (this.#row < this.rows - 1) this.#row++;
    else if (this.isAlternate) this.overflows++;
    else this.#cells.shift();
  }

  #put(segment: string): void {
    if (/\p{Cc}/u.test(segment)) throw new Error(`Cannot show ${JSON.stringify(segment)}`);
    const width = stringWidth(segment);
    if (this.#column + width > this.columns) {
      if (this.isAlternate) {
        this.overflows++;
        return;
      }
      this.#column = 0;
      this.#nextLine();
    }
    const line = this.#cells[this.#row] ??= [];
    while (line.length < this.#column) line.push(" ");
    line.splice(this.#column, width, segment, ...Array<string>(Math.max(0, width - 1)).fill(""));
    // A real cursor stays on the last column until the next character: clearing the line's end there takes that character.
    this.#column += width;
  }

  #clearLine(row: number, from: number): void {
    this.#cells[row]?.splice(Math.min(from, this.columns - 1));
  }
}
