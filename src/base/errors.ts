import { caretLines } from "./caret.ts";
import { printable, quoted, shortened } from "./text.ts";

/**
 * Every exit code corral gives by itself. `corral run` otherwise passes on the job's own code, and 128+N when
 * the job died of signal N. The codes from 124 are those of timeout(1), 75 is EX_TEMPFAIL of sysexits.h.
 */
export const EXIT = {
  /** Done. */
  DONE: 0,
  /**
   * Something the command was asked about is not so: job not found, doctor found a problem, sweep left
   * something alive.
   */
  NEGATIVE: 1,
  /** Bad usage: an unknown option, a value that cannot be read. */
  USAGE: 2,
  /** Another sweep is running. */
  SWEEP_RUNNING: 75,
  /** The job's time was up. */
  TIMEOUT: 124,
  /** `corral run` itself failed; says nothing about the command. */
  CORRAL_FAILED: 125,
  /** The command was found but cannot be executed. */
  NOT_EXECUTABLE: 126,
  /** The command was not found. */
  NOT_FOUND: 127,
  /** Added to the number of the signal that ended the job. */
  SIGNAL_BASE: 128,
} as const;

const MESSAGE_CHARACTERS = 2000;

/** What any corral error may carry besides its message. */
export interface CorralErrorOptions {
  /** The exit code outside `corral run`; default {@link EXIT.NEGATIVE}. */
  readonly exitCode?: number;
  /** The command or action that puts it right. */
  readonly remedy?: string | null;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * Base of all errors that corral raises on purpose: one clear line, an exit code, and what fixes it if
 * something does.
 */
export class CorralError extends Error {
  /** The exit code outside `corral run`; see {@link exitCodeOf}. */
  readonly exitCode: number;
  /** The command or action that puts it right, if one does. */
  readonly remedy: string | null;

  /** The message is one line without `corral:` and without a full stop. */
  constructor(message: string, options: CorralErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.exitCode = options.exitCode ?? EXIT.NEGATIVE;
    this.remedy = options.remedy ?? null;
  }
}

/** The command line cannot be understood: exit 2, for `corral run` too. */
export class UsageError extends CorralError {
  /** As {@link CorralError}, but the exit code is fixed. */
  constructor(message: string, options: Omit<CorralErrorOptions, "exitCode"> = {}) {
    super(message, { ...options, exitCode: EXIT.USAGE });
  }
}

/** The parts of a {@link ValueError}. */
export interface ValueErrorFields {
  /** What the value should have been, as it follows "as a": `duration`, `size`. */
  readonly kind: string;
  /** All of what was typed. */
  readonly input: string;
  /** UTF-16 index of the wrong character; `input.length` when something is missing at the end. */
  readonly offset: number;
  /** The forms that would have been read. */
  readonly accepted: readonly string[];
  /** Why, when the caret alone does not say it. */
  readonly reason?: string | null;
  /** Where the value came from, such as `--timeout`. */
  readonly source?: string | null;
}

/** A value that cannot be read: carries everything needed to show the accepted forms and a caret. */
export class ValueError extends UsageError {
  /** See {@link ValueErrorFields}. */
  readonly kind: string;
  /** See {@link ValueErrorFields}. */
  readonly input: string;
  /** See {@link ValueErrorFields}. */
  readonly offset: number;
  /** See {@link ValueErrorFields}. */
  readonly accepted: readonly string[];
  /** See {@link ValueErrorFields}. */
  readonly reason: string | null;
  /** See {@link ValueErrorFields}. */
  readonly source: string | null;

  /** The message is made of the fields. */
  constructor(fields: ValueErrorFields) {
    super(valueMessage(fields));
    this.kind = fields.kind;
    this.input = fields.input;
    this.offset = fields.offset;
    this.accepted = fields.accepted;
    this.reason = fields.reason ?? null;
    this.source = fields.source ?? null;
  }

  /** The same error, said of the option, argument or configuration key the value came from. */
  from(source: string): ValueError {
    return new ValueError({ ...this, source });
  }
}

/** Something of the node is missing (a controller, a bus, a permission); ends with what fixes it. */
export class SetupError extends CorralError {
  /** `remedy` is not optional here: the command or action that puts it right. */
  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, { remedy, cause });
  }
}

/** Nothing matches what was asked for. */
export class NotFoundError extends CorralError {
  /** As the user typed it. */
  readonly asked: string;

  /** `kind` is what was looked for, such as `job`. */
  constructor(kind: string, asked: string, remedy: string | null = null) {
    super(`no ${kind} matches ${quoted(asked)}`, { remedy });
    this.asked = asked;
  }
}

/** What was typed means more than one job. */
export class AmbiguousError extends CorralError {
  /** As the user typed it. */
  readonly asked: string;
  /** A table of the candidates, a line each, for below the message. */
  readonly lines: readonly string[];

  /** `count` candidates, of which `lines` has the first, below a line of titles. */
  constructor(
    asked: string,
    count: number,
    { lines, remedy = "give the id of one" }: { lines: readonly string[]; remedy?: string | undefined },
  ) {
    super(`${quoted(asked)} matches ${count === 1 ? "a job of another user" : `${count} jobs`}`, { remedy });
    this.asked = asked;
    this.lines = lines;
  }
}

/** Options of a failure at one path. */
export interface PathErrorOptions extends CorralErrorOptions {
  /** The file or directory. */
  readonly path: string;
}

/** A failure at one path. The message becomes "PATH: WHAT: CAUSE". */
export class PathError extends CorralError {
  /** The file or directory. */
  readonly path: string;

  /** `what` is the attempt that failed, such as `cannot write 24G`. */
  constructor(what: string, options: PathErrorOptions) {
    const cause = options.cause === undefined ? "" : `: ${messageOf(options.cause)}`;
    super(`${options.path}: ${what}${cause}`, options);
    this.path = options.path;
  }
}

/** The store cannot be opened, read or written. Never a reason to stop enforcing. */
export class StoreError extends PathError {}

/** A cgroup file cannot be read or written. */
export class CgroupError extends PathError {}

/** A cgroup that was there a moment ago is not any more: its job is over, or ends right now. To be looked at again. */
export class CgroupGoneError extends CgroupError {}

/** A file of the kernel or of the configuration says something unexpected. */
export class ParseError extends PathError {}

/** Wraps a value parser so that its errors name where the value came from. */
export function parserFor<T>(source: string, parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof ValueError ? error.from(source) : error;
    }
  };
}

/**
 * The exit code for an error; `launching` is true inside `corral run`, where corral's own failures are 125.
 */
export function exitCodeOf(error: unknown, launching: boolean): number {
  const exitCode = error instanceof CorralError ? error.exitCode : EXIT.NEGATIVE;
  return launching && exitCode === EXIT.NEGATIVE ? EXIT.CORRAL_FAILED : exitCode;
}

/**
 * What the user reads: one line, for a value two more with the caret. Never a stack trace, never a raw
 * control character.
 */
export function renderError(error: unknown): string {
  if (!(error instanceof CorralError)) {
    return renderOther(shortened(messageOf(error), MESSAGE_CHARACTERS));
  }
  const remedy = error.remedy === null ? "" : ` (${printable(error.remedy)})`;
  const line = `corral: ${shortened(error.message, MESSAGE_CHARACTERS)}${remedy}`;
  if (error instanceof AmbiguousError) {
    return [line, ...error.lines.map((text) => `  ${printable(text)}`)].join("\n");
  }
  if (!(error instanceof ValueError) || error.input === "") return line;
  return [line, ...caretLines(error.input, error.offset).map((text) => `  ${text}`)].join("\n");
}

/** What the system refuses anywhere and corral has no better words for, by the number of the error, with what fixes it. */
const SYSTEM_REMEDIES: Readonly<Record<number, string>> = {
  12: "free memory, or raise its limit: ulimit -v",
  23: "the node has too many open files: close some",
  24: "raise the limit: ulimit -n, see corral doctor",
  28: "free some space",
};

function renderOther(message: string): string {
  const remedy = SYSTEM_REMEDIES[Number(/\(os error (\d+)\)/.exec(message)?.[1])];
  return remedy === undefined
    ? `corral: unexpected: ${message}`
    : `corral: the system refuses: ${message} (${remedy})`;
}

/** The same without the program's name, to follow other words. */
export function errorText(error: unknown): string {
  return renderError(error).replace(/^corral: /, "");
}

function valueMessage({ kind, input, accepted, reason, source }: ValueErrorFields): string {
  const where = source ? `${source}: ` : "";
  const why = reason ? `: ${reason}; accepted: ` : ": accepted: ";
  return `${where}cannot read ${quoted(input)} as a ${kind}${why}${accepted.join(", ")}`;
}

/** Anything can be thrown, even an object whose conversion to a string throws. */
function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? (thrown.message || thrown.name) : String(thrown);
  } catch {
    return "an error that cannot be shown";
  }
}
