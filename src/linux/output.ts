/** The terminal, pipe or file that a command writes to. */
import type { Readable } from "./bounded_lines.ts";
import type { Progress } from "./progress_line.ts";
import type { Screen } from "./terminal.ts";

/** Where text goes. A reader that has gone away (EPIPE) is not an error. */
export interface Output {
  /** False when the reader has gone away: nothing more needs to be written. */
  write(text: string): boolean;
  /** Writes bytes as they are. False when the reader has gone away; without any, only asks whether it has. */
  pass(bytes: Uint8Array): boolean;
  /** Drops lines that the reader does not take within a second: nothing waits for it. */
  offer(lines: string): void;
  isTerminal: boolean;
  /** The stream goes to systemd's journal, which reads severities from the heads of lines. */
  isJournal: boolean;
  /** Columns of the terminal; null in a pipe: full width. */
  widthColumns: number | null;
}

/** Standard input and output, and the person before them, if there is one. */
export interface Terminal {
  stdin: Readable;
  stdout: Output;
  /** Takes the terminal that stdout is; the caller closes it. */
  openScreen(): Promise<Screen>;
  /** Of long work, on stderr. */
  progress: Progress;
  colour: boolean;
  /** A person is there to answer. */
  interactive: boolean;
  confirm(question: string): boolean;
}
