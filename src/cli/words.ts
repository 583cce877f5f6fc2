/** The words of a command line that are corral's own under another name, and the refusals of the words that are none. */
import { UsageError } from "../base/errors.ts";
import { sameCommand } from "../base/meanings.ts";
import { hintOf } from "../base/near.ts";
import { remarkOn } from "../base/remarks.ts";
import { hasRawBytes } from "../base/raw_bytes.ts";
import { printable, quoted } from "../base/text.ts";

/** Options that go before the command and take a value. */
const VALUED = ["--state-dir", "--config", "--log-level", "--log-format"];

/** The command line with our command in place of another tool's word for it. */
export function withOwnCommand(args: readonly string[]): string[] {
  const index = commandIndex(args);
  const word = args[index];
  if (word === undefined) return [...args];
  const own = sameCommand(word);
  const words = own === null ? [...args] : args.with(index, own);
  const topic = words[index] === "help" ? sameCommand(words[index + 1] ?? "") : null;
  return topic === null ? words : words.with(index + 1, topic);
}

/** Where the command stands. */
export function commandIndex(args: readonly string[]): number {
  let index = 0;
  while (args[index]?.startsWith("-")) index += VALUED.includes(args[index]!) ? 2 : 1;
  return index;
}

/**
 * Any bytes can be an argument of the command that `corral run` starts, and nothing else. `passedOn`: how many words at the end are such.
 * Throws UsageError.
 */
export function refuseRawBytes(words: readonly string[], passedOn = 0): void {
  const odd = words.slice(0, words.length - passedOn).find(hasRawBytes);
  if (odd === undefined) return;
  throw new UsageError(`${quoted(odd)} is no UTF-8`, {
    remedy: "only what corral run passes on to its command may be such: use a link with another name",
  });
}

/** For a command that there is not. Throws UsageError. */
export function refuseCommand(word: string, verbs: readonly string[]): never {
  const remark = remarkOn(word);
  const hint = remark === null ? /[/.]/.test(word) ? "" : hintOf(word, verbs) : `: ${remark}`;
  const launch = remark === null && /^[\w./+-]+$/.test(word)
    ? `to run it as a job: corral run ${word}; `
    : "";
  throw new UsageError(`unknown command ${quoted(word)}${hint}`, { remedy: `${launch}see: corral --help` });
}

/** `kill -9 JOB`: to the parser of options a negative number is an argument. Throws UsageError. */
export function refuseSignalOption(words: readonly string[]): void {
  const at = commandIndex(words);
  const number = words[at] === "kill" ? words.slice(at + 1).find((word) => /^-\d+$/.test(word)) : undefined;
  if (number !== undefined) {
    throw new UsageError(unknownOption(number, "kill", []), { remedy: seeHelp("kill") });
  }
}

/** What is read of a commander command. */
interface Refusing {
  name(): string;
  readonly parent: Refusing | null;
  createHelp(): {
    visibleOptions(command: Refusing): readonly { short?: string | undefined; long?: string | undefined }[];
  };
}

/** Commander's complaint in corral's words, on one line. */
export function refusalText(text: string, command: Refusing): string {
  const complaint = text.trim().replace(/^error: /, "");
  const verb = command.parent === null ? null : command.name();
  const option = /^unknown option '(.*)'$/s.exec(complaint)?.[1];
  const known = longOptions(command);
  const before = command.parent === null ? [] : longOptions(command.parent);
  const words = option === undefined
    ? complaint + excessRemark(complaint, verb)
    : unknownOption(option, verb, known, before);
  return `${printable(words)} (${seeHelp(verb)})`;
}

function unknownOption(
  option: string,
  verb: string | null,
  known: readonly string[],
  before: readonly string[] = [],
): string {
  const bare = option.replace(/=.*$/s, "");
  const said = `unknown option '${option}'`;
  const remark = remarkOn(`${verb ?? "corral"} ${bare}`) ?? signalRemark(bare, verb);
  if (remark !== null) return `${said}: ${remark}`;
  const global = before.includes(bare) ? bare : null;
  if (global !== null) return `${said}: ${global} goes before the command`;
  const hint = hintOf(bare, known);
  const globalHint = hint === "" ? hintOf(bare, before) : "";
  return said + (hint || (globalHint === "" ? "" : `${globalHint} It goes before the command`));
}

/** `kill -TERM JOB`, as kill(1) takes it. */
function signalRemark(option: string, verb: string | null): string | null {
  const isSignal = verb === "kill" && /^-((?:SIG)?[A-Z][A-Z0-9]+|\d+)$/.test(option);
  return isSignal ? remarkOn("kill -SIG") : null;
}

function excessRemark(complaint: string, verb: string | null): string {
  if (!complaint.startsWith("too many arguments") || verb === null) return "";
  const remark = remarkOn(`${verb} ARG`);
  return remark === null ? "" : ` ${remark}`;
}

function longOptions(command: Refusing): string[] {
  return command.createHelp().visibleOptions(command).flatMap(({ long }) => long ?? []);
}

function seeHelp(verb: string | null): string {
  return `see: corral ${verb === null ? "" : `${verb} `}--help`;
}
