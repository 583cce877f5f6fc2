/** The command table, and from the words of a command line to an exit code. */
import { Command, CommanderError } from "@commander-js/extra-typings";
import { choiceOption } from "./choice_option.ts";
import type { Context } from "./context.ts";
import { type ProgramForm, programForm } from "../view/command_tree.ts";
import { EXIT, exitCodeOf, renderError } from "../base/errors.ts";
import { FORMAT_CHOICE, LEVEL_CHOICE } from "./log.ts";
import { TrustError } from "../base/trust.ts";
import { quieten } from "./quieten.ts";
import type { CommandStreams, GlobalOptions, Invoke } from "./verb.ts";
import { removeRefusedReceipt } from "./refused_receipt.ts";
import { VERSION_LINE } from "../base/version.ts";
import { commandIndex, refuseCommand, refuseRawBytes, refuseSignalOption, withOwnCommand } from "./words.ts";
import { UNSHOWN, VERBS } from "./verbs.ts";

/** Runs one command line; never throws. */
export async function runCli(
  args: readonly string[],
  terminal: CommandStreams,
  makeContext: (options: GlobalOptions) => Promise<Context>,
): Promise<number> {
  let exitCode: number = EXIT.DONE;
  let launching = false;
  let isInvoked = false;
  let neverFails = false;
  const invoke: Invoke = async (verb, act, options) => {
    isInvoked = true;
    launching = options?.launching ?? false;
    neverFails = options?.neverFails ?? false;
    const globals = verb.optsWithGlobals() as GlobalOptions;
    let refused: TrustError | null = null;
    const withoutConfig = () => makeContext({ ...globals, config: "/dev/null" });
    const context = await makeContext(globals).catch(async (error) => {
      if (neverFails) terminal.err(`${renderError(error)}\n`);
      if (neverFails || options?.withoutConfig && error instanceof TrustError) {
        refused = error;
        return withoutConfig();
      }
      if (options?.refused !== undefined) await withoutConfig().then(options.refused).catch(() => {});
      throw error;
    });
    exitCode = await act(context, refused);
  };
  const refuse = async () => {
    if (!isInvoked) await removeRefusedReceipt(args, () => makeContext({ config: "/dev/null" }));
  };
  try {
    const shown = await parseCommandLine(args, terminal, invoke);
    if (shown === EXIT.USAGE) await refuse();
    return shown ?? exitCode;
  } catch (error) {
    await refuse();
    terminal.err(`${renderError(error)}\n`);
    return neverFails ? EXIT.DONE : exitCodeOf(error, launching);
  }
}

/** Reads the words and has their command carried out; an exit code where something was printed instead. Throws CorralError. */
export async function parseCommandLine(
  args: readonly string[],
  terminal: CommandStreams,
  invoke: Invoke,
): Promise<number | null> {
  try {
    const words = withOwnCommand(args);
    if (words.length === 0) {
      terminal.err((await program(invoke, terminal, () => false, isShown)).helpInformation());
      return EXIT.USAGE;
    }
    // A command line that begins with a verb needs no other, except help, which shows them.
    const first = VERBS.find(({ name }) => name === words[0] && name !== "help")?.name;
    const isNamed = (name: string) => first === undefined ? words.includes(name) : name === first;
    const root = await program(invoke, terminal, isNamed, first === undefined ? isShown : isNamed);
    refuseSignalOption(words);
    // `run` knows which words are its command's.
    if (words[commandIndex(words)] !== "run") refuseRawBytes(words);
    await root.parseAsync(words, { from: "user" });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
  }
}

/** False for what corral calls itself by. */
function isShown(name: string): boolean {
  return !UNSHOWN.includes(name);
}

/** The whole command line as data (verb.ts, DescribeProgram); what it describes does nothing. */
export async function describeProgram(): Promise<ProgramForm> {
  const silent: CommandStreams = { out: () => {}, err: () => {}, widthColumns: null };
  return programForm(await program(() => Promise.resolve(), silent, () => true, isShown));
}

/**
 * The command tree; also the source of help, manual page and completions. Verbs for which `isWanted` is false are there by name and
 * summary only; for which `isListed` is false, not at all.
 */
export async function program(
  invoke: Invoke,
  terminal: CommandStreams,
  isWanted: (name: string) => boolean,
  isListed: (name: string) => boolean = () => true,
) {
  const root = new Command("corral")
    .description(
      "Runs jobs that cannot escape: in a cgroup of their own, with limits, ended to the last process.",
    )
    .version(VERSION_LINE, "-V, --version", "print version, commit and runtime")
    .option(
      "--state-dir <DIR>",
      "where the store is (CORRAL_STATE_DIR; default /var/lib/corral, or $XDG_STATE_HOME/corral)",
    )
    .option("--config <FILE>", "configuration (CORRAL_CONFIG; default /etc/corral/config.toml)")
    .addOption(choiceOption("--log-level <LEVEL>", "debug, info, warn or error (default: warn)", {
      values: LEVEL_CHOICE.values,
      parse: LEVEL_CHOICE.parse,
    }))
    .addOption(choiceOption("--log-format <FORMAT>", "text or json (default: text)", {
      values: FORMAT_CHOICE.values,
      parse: FORMAT_CHOICE.parse,
    }))
    .usage("[options] COMMAND ...")
    .enablePositionalOptions()
    .helpCommand(false);
  for (const { name, summary, load } of VERBS) {
    if (!isListed(name)) continue;
    if (isWanted(name)) {
      root.addCommand(((await load())(invoke, describeProgram, terminal) as Command).summary(summary));
    } else root.command(name).summary(summary);
  }
  root.passThroughOptions().argument("[COMMAND...]").action(([word = ""]) =>
    refuseCommand(word, shownVerbs())
  );
  for (const command of [root, ...root.commands]) quieten(command as Command, terminal);
  return root;
}

function shownVerbs(): string[] {
  return VERBS.map(({ name }) => name).filter(isShown);
}
