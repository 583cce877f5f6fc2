/** The options of limits, made of their table. */
import { type Command, Option } from "@commander-js/extra-typings";
import { parserFor } from "../base/errors.ts";
import { LIMIT_KINDS, LIMIT_ROWS, type LimitKey, type LimitRow } from "../job/limits.ts";

/** What commander calls the options. */
const NAMES = new Map(LIMIT_ROWS.map((row) => [row.key, new Option(flagsOf(row)).attributeName()]));

/** Adds an option for each limit; `adapt` may change help and parser. */
export function addLimitOptions<Args extends unknown[], Opts extends Record<string, unknown>>(
  command: Command<Args, Opts>,
  adapt: (row: LimitRow) => { help: string; parse: (text: string) => unknown } = (row) => row,
): Command<Args, Opts> {
  for (const row of LIMIT_ROWS) {
    const { help, parse } = adapt(row);
    const option = new Option(flagsOf(row), help);
    // commander's types know options by their literal flags alone: limitOption() reads these.
    command.addOption(option.argParser(parserFor(row.option, parse)) as Option);
  }
  return command;
}

/** What was given for a limit, as its parser left it; undefined without the option. */
export function limitOption<T>(options: object, key: LimitKey): T | undefined {
  return (options as Record<string, T | undefined>)[NAMES.get(key)!];
}

function flagsOf({ short, option, kind }: LimitRow): string {
  return `${short === undefined ? "" : `${short}, `}${option} <${LIMIT_KINDS[kind].placeholder}>`;
}
