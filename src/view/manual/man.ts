/** The manual page, in man(7). Commands and options come from the command tree, the rest from manual_text.ts. */
import { EXIT } from "../../base/errors.ts";
import { END_REASONS } from "../../job/job.ts";
import {
  type ArgumentForm,
  argumentTerm,
  type OptionForm,
  type ProgramForm,
  type VerbForm,
} from "../command_tree.ts";
import { DESCRIPTION, ENVIRONMENT, EXAMPLES, EXIT_MEANINGS, FILES } from "./manual_text.ts";
import { roffArgument, roffCode, roffText } from "./roff.ts";

/** The whole page. `version` goes into its foot. */
export function manualPage(program: ProgramForm, version: string): string {
  const { name, description, options } = program;
  const verbs = program.verbs.map(withoutHelp);
  const parts = [
    // No date: the page is made from the program, and the same program gives the same page.
    `.TH ${name.toUpperCase()} 1 "" ${roffArgument(`${name} ${version}`)} "User Commands"`,
    // Nothing here gains from words stretched or divided: most of it is to be typed.
    ".nh\n.ad l",
    section("NAME", `${roffCode(name)} \\- ${roffText(nameLine(description))}`),
    section("SYNOPSIS", synopsis(name, verbs)),
    section("DESCRIPTION", DESCRIPTION.map(roffText).join("\n.PP\n")),
    section(
      "OPTIONS",
      ["These go before the command; \\fB\\-\\-help\\fR after one as well.", ...options.map(optionItem)].join(
        "\n",
      ),
    ),
    section("COMMANDS", verbs.map((verb) => verbPart(name, verb)).join("\n")),
    section("END REASONS", items(Object.entries(END_REASONS))),
    section("EXIT STATUS", items(exitStatus())),
    section("FILES", items(FILES)),
    section("ENVIRONMENT", items(ENVIRONMENT)),
    section("EXAMPLES", EXAMPLES.map(example).join("\n.PP\n")),
    section("SEE ALSO", SEE_ALSO),
  ];
  return `${parts.join("\n")}\n`;
}

const SEE_ALSO = `.BR systemd.resource\\-control (5),
.BR systemd.timer (5),
.BR cgroups (7),
.BR timeout (1)`;

/** Every command has it; once is enough. */
function withoutHelp(verb: VerbForm): VerbForm {
  return { ...verb, options: verb.options.filter(({ long }) => long !== "--help") };
}

/** whatis(1) wants one line, and no full stop. */
function nameLine(description: string): string {
  return description.replace(/\.$/, "").replace(/^./, (letter) => letter.toLowerCase());
}

function section(title: string, body: string): string {
  return `.SH ${title.includes(" ") ? `"${title}"` : title}\n${body}`;
}

function synopsis(name: string, verbs: readonly VerbForm[]): string {
  const lines = verbs.map((verb) => `.B ${roffCode(`${name} ${verb.name}`)}\n${usage(verb)}`);
  return lines.join("\n.br\n");
}

function usage({ options, arguments: args }: VerbForm): string {
  const optional = options.length > 0 ? ["[\\fIOPTIONS\\fR]"] : [];
  return [...optional, ...args.map((argument) => argumentText(argument))].join(" ") || "\\&";
}

function argumentText(argument: ArgumentForm): string {
  const term = argumentTerm(argument);
  return term.replace(/[A-Z]+/, (word) => `\\fI${word}\\fR`);
}

function verbPart(name: string, verb: VerbForm): string {
  const text = verb.description === "" ? `${sentence(verb.summary)}` : verb.description;
  return [
    `.SS ${roffArgument(`${name} ${verb.name}`)}`,
    `.B ${roffCode(`${name} ${verb.name}`)}\n${usage(verb)}`,
    `.PP\n${roffText(text)}`,
    ...verb.arguments.filter(({ description }) => description !== "").map((argument) =>
      item(argumentText({ ...argument, required: true }), roffText(argument.description))
    ),
    ...verb.options.map(optionItem),
  ].join("\n");
}

function sentence(summary: string): string {
  return `${summary.replace(/^./, (letter) => letter.toUpperCase())}.`;
}

function optionItem({ short, long, value, description }: OptionForm): string {
  const words = [short, long].filter((word) => word !== null).map((word) => `\\fB${roffCode(word)}\\fR`);
  const parameter = value === null ? "" : ` \\fI${roffCode(value.name)}\\fR`;
  return item(words.join(", ") + parameter, roffText(description));
}

function exitStatus(): [string, string][] {
  return Object.entries(EXIT_MEANINGS).map(([key, text]) => {
    const code = EXIT[key as keyof typeof EXIT];
    return [key === "SIGNAL_BASE" ? `${code}+N` : String(code), text];
  });
}

function items(rows: Iterable<readonly [term: string, text: string]>): string {
  return [...rows].map(([term, text]) => item(`\\fB${roffCode(term)}\\fR`, roffText(text))).join("\n");
}

function item(term: string, text: string): string {
  return `.TP\n${term}\n${text}`;
}

function example({ text, command }: { text: string; command: string }): string {
  const lines = command.split("\n").map(roffCode).join("\n");
  return `${roffText(text)}\n.PP\n.RS 4\n.nf\n${lines}\n.fi\n.RE`;
}
