/**
 * The parts of README.md that come from the program itself: options, end reasons. Each lies between `<!-- generated: NAME -->` and
 * `<!-- end -->`. As a program, writes them anew: deno run --allow-all tests/kit/readme/generated.ts
 */
import { join } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { program } from "../../../src/cli/program.ts";
import { END_REASONS } from "../../../src/job/job.ts";
import { PROJECT_DIR } from "../machine/project.ts";

/** Where they are. */
export const README = join(PROJECT_DIR, "README.md");
/** What to run when they are stale. */
export const REMEDY = "deno run --allow-all tests/kit/readme/generated.ts";
const SECTION = /(<!-- generated: ([\w -]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The text with all generated parts as they should be. Throws for a part nobody knows, or that is missing. */
export async function regenerated(markdown: string): Promise<string> {
  const parts = await generatedParts();
  const missing = new Set(parts.keys());
  const text = markdown.replace(SECTION, (_, start: string, name: string, end: string) => {
    const part = parts.get(name);
    if (part === undefined) {
      throw new Error(`Cannot generate "${name}"; there are ${[...parts.keys()].join(", ")}`);
    }
    missing.delete(name);
    return `${start}\n${part}\n${end}`;
  });
  if (missing.size > 0) throw new Error(`README.md has no part for ${[...missing].join(", ")}`);
  return text;
}

async function generatedParts(): Promise<Map<string, string>> {
  const silent = { out: () => {}, err: () => {}, widthColumns: null };
  const root = await program(() => Promise.resolve(), silent, () => true);
  const parts = new Map([["end reasons", endReasons()], ["corral", options(root as unknown as Command)]]);
  for (const verb of root.commands) parts.set(`corral ${verb.name()}`, verbPart(verb as Command));
  return parts;
}

function verbPart(verb: Command): string {
  const { usage, description } = { usage: verb.usage(), description: verb.description() };
  const call = `\`corral ${verb.name()} ${usage.replace(/^\[options\]/, "[OPTIONS]")}\``;
  return `${call}${description === "" ? "" : `: ${escaped(description)}`}\n\n${options(verb)}`;
}

function options(command: Command): string {
  const help = command.createHelp();
  const rows = help.visibleOptions(command)
    .filter((option) => option.long !== "--help")
    .map((option) => [`\`${help.optionTerm(option)}\``, escaped(help.optionDescription(option))]);
  return rows.length === 0 ? "No options." : table(["option", "meaning"], rows);
}

function endReasons(): string {
  const rows = Object.entries(END_REASONS).map(([reason, text]) => {
    const [means = "", doesNot = ""] = text.split(/\. Not: /);
    return [`\`${reason}\``, escaped(means), escaped(doesNot.replace(/\.$/, ""))];
  });
  return table(["reason", "means", "does not mean"], rows);
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(titles), `|${"---|".repeat(titles.length)}`, ...rows.map(line)].join("\n") + "\n";
}

/** Angle brackets outside of code are tags to Markdown. */
function escaped(text: string): string {
  return text.replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

if (import.meta.main) await Deno.writeTextFile(README, await regenerated(await Deno.readTextFile(README)));
