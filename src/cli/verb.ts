/** What a verb of the command line is made with. */
import type { ProgramForm } from "../view/command_tree.ts";
import type { CorralError } from "../base/errors.ts";
import type { Context } from "./context.ts";

/** Options that go before the command. */
export interface GlobalOptions {
  stateDir?: string;
  config?: string;
  logLevel?: string;
  logFormat?: string;
}

/** What is special about a command. */
export interface InvokeOptions {
  /** Its own failures have the exit codes of `corral run`. */
  launching?: boolean;
  /** It runs without a configuration that root must not believe, and is given the refusal. */
  withoutConfig?: boolean;
  /** Whatever fails is said, and the exit code is 0 all the same: its caller would take any other for a broken node. */
  neverFails?: boolean;
  /** Called when the configuration refuses the command, with a context that has none. */
  refused?: (context: Context) => Promise<void>;
}

/** Where a command gets its context and leaves its exit code. `verb` is the command that was called. */
export type Invoke = (
  verb: { optsWithGlobals(): unknown },
  act: (context: Context, refused: CorralError | null) => Promise<number>,
  options?: InvokeOptions,
) => Promise<void>;

/** The whole command line as data, every verb loaded: for the commands that describe it. */
export type DescribeProgram = () => Promise<ProgramForm>;

/** What the command line needs of its surroundings. */
export interface CommandStreams {
  out(text: string): void;
  err(text: string): void;
  widthColumns: number | null;
  /** Bold text may go to `out`; default no. */
  bold?: boolean;
}
