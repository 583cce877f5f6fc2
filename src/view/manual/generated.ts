/** The parts of the manual and of README.md that are made from the program's own tables, in Markdown. Pure. */
import { EXIT } from "../../base/errors.ts";
import { END_REASONS } from "../../job/job.ts";
import { argumentTerm, type OptionForm, type ProgramForm, type VerbForm } from "../command_tree.ts";
import { LIVE_COLUMNS } from "../ps.ts";
import { HELP_LINES } from "../top.ts";
import { REPORT_COLUMNS } from "../report/columns.ts";
import { sampleName } from "../metrics/exposition.ts";
import { RULES } from "../metrics/rules.ts";
import { METRICS } from "../metrics/table.ts";
import { gaugesOf } from "../report/gauges.ts";
import { jsonTerms } from "./json_terms.ts";
import { defaultWords, SETTINGS } from "../../settings/settings.ts";

/** Complete by its type: each exit code that corral gives by itself, of which command, and its meaning. */
const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, readonly [of: string, means: string]>> = {
  DONE: ["every command", "done; for `corral run`: the command exited with 0"],
  NEGATIVE: [
    "all but `run`",
    "what was asked about is not so: no such job, it could not be ended, a row is damaged, a check found a problem, something that " +
    "should have ended is alive",
  ],
  USAGE: ["every command", "the command line or the configuration cannot be understood"],
  SWEEP_RUNNING: ["`sweep`", "another sweep of this store is running"],
  TIMEOUT: ["`run`", "the time was up"],
  CORRAL_FAILED: [
    "`run`",
    "corral failed: a limit that cannot be enforced, no cgroup, processes that cannot be killed. The command itself is not judged",
  ],
  NOT_EXECUTABLE: ["`run`", "the command cannot be executed"],
  NOT_FOUND: ["`run`", "the command was not found"],
  SIGNAL_BASE: [
    "`run`, `sweep`",
    "the command died of signal N (137 after an out-of-memory kill), or signal N ended corral itself",
  ],
};

const PARTS: Readonly<Record<string, (program: ProgramForm) => string>> = {
  "global options": (program) => optionTerms({ ...program, arguments: [] }),
  "commands": (program) =>
    terms(program.verbs.map(({ name, summary }) => [`corral-${name}(1)`, `${summary}.`])),
  "end reasons": endReasons,
  "exit codes": exitCodes,
  "settings": () =>
    terms(SETTINGS.map((row) => [
      `\`${row.key}\``,
      `${row.help} Type: ${row.typeWords}. Default: ${row.defaultWords ?? `\`${defaultWords(row)}\``}.`,
    ])),
  "ps columns": () => LIVE_COLUMNS.map(({ key }) => `\`${key}\``).join(", "),
  "top keys": () =>
    terms(
      HELP_LINES.join("  ").split("  ").map((entry) => {
        const [key = "", ...means] = entry.split(" ");
        return [`\`${key}\``, means.join(" ")];
      }),
    ),
  "report columns": () =>
    table(
      ["column", "key in JSON", "shown"],
      REPORT_COLUMNS.map(({ key, jsonKey, isExtra }) => [
        `\`${key}\``,
        `\`${jsonKey}\``,
        isExtra ? "with `--columns`" : "always",
      ]),
    ),
  "json": jsonTerms,
  "node metrics": () =>
    terms(METRICS.map((row) => {
      const labels = row.labels.length === 0 ? "" : `{${row.labels.join(",")}}`;
      return [`\`${sampleName(row)}${labels}\``, `${row.help}.`];
    })),
  "alert rules": () =>
    terms(RULES.map(({ alert, severity, description }) => [`\`${alert}\``, `${severity}. ${description}`])),
  "metrics": () =>
    terms(
      gaugesOf(REPORT_COLUMNS, []).map(({ metric: { name, help } }) => [
        `\`corral_jobs${name === "" ? "" : `_${name}`}\``,
        `${help}.`,
      ]),
    ),
};

/** Names of all of them. */
export const GENERATED_PARTS: readonly string[] = Object.keys(PARTS);

/** Throws Error for a part that there is not. */
export function generatedPart(name: string, program: ProgramForm): string {
  const part = PARTS[name];
  if (part === undefined) {
    throw new Error(`Cannot generate "${name}"; there are ${GENERATED_PARTS.join(", ")}`);
  }
  return part(program);
}

/** `corral kill [OPTIONS] [JOB...]`. */
export function usageLine(program: ProgramForm, verb: VerbForm): string {
  const words = [...(verb.options.length > 0 ? ["[*OPTIONS*]"] : []), ...verb.arguments.map(argumentTerm)];
  return [`**${program.name} ${verb.name}**`, ...words].join(" ");
}

/** Arguments and options, each with its meaning. */
export function optionTerms({ arguments: args, options }: Pick<VerbForm, "arguments" | "options">): string {
  return terms([
    ...args.filter(({ description }) => description !== "").map((argument): [string, string] => [
      `*${argument.name}*`,
      argument.description,
    ]),
    ...options.map((option): [string, string] => [optionTerm(option), option.description]),
  ]);
}

function optionTerm({ short, long, value }: OptionForm): string {
  const words = [short, long].filter((word) => word !== null).map((word) => `\`${word}\``).join(", ");
  return value === null ? words : `${words} *${value.name}*`;
}

function endReasons(): string {
  return table(
    ["reason", "means", "does not mean"],
    Object.entries(END_REASONS).map(([reason, text]) => {
      const [means = "", doesNot = ""] = text.split(/\. Not: /);
      return [`\`${reason}\``, means, doesNot.replace(/\.$/, "")];
    }),
  );
}

function exitCodes(): string {
  const rows = Object.entries(EXIT_MEANINGS).map(([key, [of, means]]) => {
    const code = EXIT[key as keyof typeof EXIT];
    return [key === "SIGNAL_BASE" ? `${code}+N` : String(code), of, means];
  });
  return table(["code", "of", "means"], [...rows, [
    "any other",
    "`run`",
    "the command's own: it exited by itself, and may use the codes above as well",
  ]]);
}

/** A list of terms (markdown.ts). */
export function terms(rows: readonly (readonly [term: string, text: string])[]): string {
  return rows.map(([term, text]) => `- ${term}: ${text}`).join("\n");
}

/** A table; bars in cells do not end them. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(titles), `|${"---|".repeat(titles.length)}`, ...rows.map(line)].join("\n");
}
