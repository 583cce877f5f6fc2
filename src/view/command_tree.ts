/** The command line as plain data: what manual page and completions are made of. */

/** A value as it stands in a usage line. `values` are all there can be; empty when there are others. */
export interface ValueForm {
  /** Without brackets and dots, such as DURATION. */
  name: string;
  values: readonly string[];
}

/** One option. `value` is null for a switch. */
export interface OptionForm {
  /** With its dash, such as -n. */
  short: string | null;
  /** With its dashes, such as --name. */
  long: string;
  value: ValueForm | null;
  description: string;
}

/** One word that is no option. */
export interface ArgumentForm extends ValueForm {
  required: boolean;
  variadic: boolean;
  description: string;
}

/** One command of corral's. */
export interface VerbForm {
  name: string;
  summary: string;
  description: string;
  arguments: readonly ArgumentForm[];
  options: readonly OptionForm[];
}

/** The whole command line; `options` go before the command. */
export interface ProgramForm {
  name: string;
  description: string;
  options: readonly OptionForm[];
  verbs: readonly VerbForm[];
}

/** What commander knows of an option, an argument and a command, as far as it is used here. */
interface CommanderOption {
  short?: string | undefined;
  long?: string | undefined;
  flags: string;
  argChoices?: string[];
  description: string;
}
interface CommanderArgument {
  name(): string;
  required: boolean;
  variadic: boolean;
  argChoices?: string[];
  description: string;
}
interface CommanderCommand {
  name(): string;
  summary(): string;
  description(): string;
  registeredArguments: readonly CommanderArgument[];
  commands: readonly CommanderCommand[];
  createHelp(): {
    visibleOptions(command: CommanderCommand): readonly CommanderOption[];
    visibleCommands(command: CommanderCommand): readonly CommanderCommand[];
  };
}

/** Reads the tree that cli.ts has built; what is hidden from the help is left out. */
export function programForm(root: CommanderCommand): ProgramForm {
  const { name, description, options } = verbForm(root);
  return { name, description, options, verbs: root.createHelp().visibleCommands(root).map(verbForm) };
}

function verbForm(command: CommanderCommand): VerbForm {
  return {
    name: command.name(),
    summary: command.summary(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      values: argument.argChoices ?? [],
      required: argument.required,
      variadic: argument.variadic,
      description: argument.description,
    })),
    options: command.createHelp().visibleOptions(command).map(optionForm),
  };
}

function optionForm({ short, long, flags, argChoices, description }: CommanderOption): OptionForm {
  const name = /[<[]([^>\].]+)/.exec(flags)?.[1];
  return {
    short: short ?? null,
    long: long!,
    value: name === undefined ? null : { name, values: argChoices ?? [] },
    description,
  };
}

/** `<JOB>`, `[JOB...]`, as in a usage line. */
export function argumentTerm({ name, required, variadic }: ArgumentForm): string {
  const word = `${name}${variadic ? "..." : ""}`;
  return required ? word : `[${word}]`;
}
