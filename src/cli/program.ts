/** The command table, and from the words of a command line to an exit code. */
import { Command, CommanderError } from "@commander-js/extra-typings";
import { choiceOption } from "./choice_option.ts";
import { runVerb } from "./commands/run.ts";
import type { Context } from "./context.ts";
import { type ProgramForm, programForm } from "../view/command_tree.ts";
import { EXIT, exitCodeOf, renderError, UsageError } from "../base/errors.ts";
import { hintOf } from "../base/near.ts";
import { FORMAT_CHOICE, LEVEL_CHOICE } from "./log.ts";
import { printable, quoted } from "../base/text.ts";
import { TrustError } from "../base/trust.ts";
import type { CommandStreams, DescribeProgram, GlobalOptions, Invoke } from "./verb.ts";
import { COMMIT, DENO_VERSION, VERSION } from "../base/version.ts";

/** Runs one command line; never throws. */
export async function runCli(
  args: readonly string[],
  terminal: CommandStreams,
  makeContext: (options: GlobalOptions) => Promise<Context>,
): Promise<number> {
  let exitCode: number = EXIT.DONE;
  let launching = false;
  const invoke: Invoke = async (verb, act, options) => {
    launching = options?.launching ?? false;
    const globals = verb.optsWithGlobals() as GlobalOptions;
    let refused: TrustError | null = null;
    const withoutConfig = () => makeContext({ ...globals, config: "/dev/null" });
    const context = await makeContext(globals).catch(async (error) => {
      if (options?.withoutConfig && error instanceof TrustError) {
        refused = error;
        return withoutConfig();
      }
      if (options?.refused !== undefined) await withoutConfig().then(options.refused).catch(() => {});
      throw error;
    });
    exitCode = await act(context, refused);
  };
  try {
    // A command line that begins with a verb needs no other, except help, which shows them.
    const first = VERBS.find(({ name }) => name === args[0] && name !== "help")?.name;
    const isNamed = (name: string) => first === undefined ? args.includes(name) : name === first;
    const root = await program(invoke, terminal, isNamed, first === undefined ? isShown : isNamed);
    await root.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
    terminal.err(`${renderError(error)}\n`);
    return exitCodeOf(error, launching);
  }
}

/** False for what corral calls itself by. */
function isShown(name: string): boolean {
  return name !== "end";
}

type MakeVerb = (invoke: Invoke, describeProgram: DescribeProgram, terminal: CommandStreams) => unknown;

/**
 * The commands in the order of the help text. A verb's module is loaded only when it is called: that is 4 ms of every start. Only `run` is
 * there from the beginning: to find its modules one by one costs it 3 ms, and all others together 0.3.
 */
const VERBS: readonly { name: string; summary: string; load: () => Promise<MakeVerb> }[] = [
  {
    name: "run",
    summary: "run a command in a cgroup it cannot leave",
    load: () => Promise.resolve(runVerb),
  },
  {
    name: "ps",
    summary: "jobs that are not ended",
    load: async () => (await import("./commands/ps.ts")).psVerb,
  },
  {
    name: "top",
    summary: "the same as a live table",
    load: async () => (await import("./commands/top.ts")).topVerb,
  },
  {
    name: "show",
    summary: "everything about one job",
    load: async () => (await import("./commands/show.ts")).showVerb,
  },
  {
    name: "kill",
    summary: "end jobs and everything they started",
    load: async () => (await import("./commands/kill.ts")).killVerb,
  },
  {
    name: "adopt",
    summary: "take running processes into a job",
    load: async () => (await import("./commands/adopt.ts")).adoptVerb,
  },
  {
    name: "set",
    summary: "change limits of a live job",
    load: async () => (await import("./commands/set.ts")).setVerb,
  },
  {
    name: "freeze",
    summary: "pause a job",
    load: async () => (await import("./commands/freeze.ts")).freezeVerb,
  },
  {
    name: "thaw",
    summary: "let a frozen job go on",
    load: async () => (await import("./commands/freeze.ts")).thawVerb,
  },
  {
    name: "sweep",
    summary: "one pass over all jobs: end the overdue and the abandoned, record what is over",
    load: async () => (await import("./commands/sweep.ts")).sweepVerb,
  },
  {
    name: "end",
    summary: "end a job without a supervisor (for its guard)",
    load: async () => (await import("./commands/end.ts")).endVerb,
  },
  {
    name: "prune",
    summary: "drop the records of jobs that ended long ago",
    load: async () => (await import("./commands/prune.ts")).pruneVerb,
  },
  {
    name: "strays",
    summary: "processes that match a pattern and belong to no job",
    load: async () => (await import("./commands/strays.ts")).straysVerb,
  },
  {
    name: "report",
    summary: "what jobs used",
    load: async () => (await import("./commands/report.ts")).reportVerb,
  },
  {
    name: "doctor",
    summary: "what this node can enforce, and the remedy for what it cannot",
    load: async () => (await import("./commands/doctor.ts")).doctorVerb,
  },
  {
    name: "install",
    summary: "have a timer or cron sweep this node; manual, completions",
    load: async () => (await import("./commands/install.ts")).installVerb,
  },
  {
    name: "uninstall",
    summary: "take away what install made",
    load: async () => (await import("./commands/uninstall.ts")).uninstallVerb,
  },
  {
    name: "completion",
    summary: "print the completions for a shell",
    load: async () => (await import("./commands/completion.ts")).completionVerb,
  },
  {
    name: "help",
    summary: "the help of a command, or a page of the manual",
    load: async () => (await import("./commands/help.ts")).helpVerb,
  },
  {
    name: "man",
    summary: "print a page of the manual for man(1)",
    load: async () => (await import("./commands/man.ts")).manVerb,
  },
];

/** See {@link DescribeProgram}; what it describes does nothing. */
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
    .version(
      `corral ${VERSION} (commit ${COMMIT}, deno ${DENO_VERSION})`,
      "--version",
      "print version, commit and runtime",
    )
    .option(
      "--state-dir <DIR>",
      "where the store is (CORRAL_STATE_DIR; default /var/lib/corral, or $XDG_STATE_HOME/corral)",
    )
    .option("--config <FILE>", "configuration (CORRAL_CONFIG; default /etc/corral/config.toml)")
    .addOption(choiceOption("--log-level <LEVEL>", "debug, info, warn or error (default: warn)", {
      values: LEVEL_CHOICE.values,
      parse: String,
    }))
    .addOption(choiceOption("--log-format <FORMAT>", "text or json (default: text)", {
      values: FORMAT_CHOICE.values,
      parse: String,
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
  root.argument("[COMMAND]").action((word?: string) => {
    throw new UsageError(
      word === undefined
        ? "no command given"
        : `unknown command ${quoted(word)}${hintOf(word, root.commands.map((command) => command.name()))}`,
      {
        remedy: "see: corral --help",
      },
    );
  });
  for (const command of [root, ...root.commands]) quieten(command as Command, terminal);
  return root;
}

/** Commander's own errors in corral's form: one line on stderr, exit 2. */
function quieten(command: Command, terminal: CommandStreams): void {
  // The words that an option takes stand in its description already.
  command.configureHelp({
    optionDescription: ({ description }) => description,
    argumentDescription: ({ description }) => description,
  });
  command.exitOverride().configureOutput({
    writeOut: terminal.out,
    writeErr: terminal.err,
    getOutHelpWidth: () => terminal.widthColumns ?? 100,
    outputError: (text, write) => {
      // Only a last line of commander's own is a hint: a word of the command line may hold line breaks too.
      const [, message = "", hint] = /^(?:error: )?(.*?)(?:\n\(Did you (mean .*\?)\))?$/s.exec(text.trim()) ??
        [];
      const near = hint === undefined ? "" : ` (did you ${printable(hint)})`;
      write(
        `corral: ${printable(message)}${near} (see: corral ${
          command.name() === "corral" ? "" : `${command.name()} `
        }--help)\n`,
      );
    },
  });
}
