/**
 * The parts of README.md that come from the program itself: exit codes, end reasons. Each lies between `<!-- generated: NAME -->` and
 * `<!-- end -->`. (The pages of the manual get theirs when they are shown.) As a program, writes them anew:
 * deno run --allow-all tests/kit/readme/generated.ts
 */
import { describeProgram } from "../../../src/cli/program.ts";
import { generatedPart } from "../../../src/view/manual/generated.ts";
import { README } from "./documents.ts";

/** What to run when they are stale. */
export const REMEDY = "deno run --allow-all tests/kit/readme/generated.ts";
const SECTION = /(<!-- generated: ([\w -]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The text with all generated parts as they should be. Throws for a part that there is not. */
export async function regenerated(markdown: string): Promise<string> {
  const form = await describeProgram();
  return markdown.replace(
    SECTION,
    (_, start: string, name: string, end: string) => `${start}\n${generatedPart(name, form)}\n\n${end}`,
  );
}

if (import.meta.main) await Deno.writeTextFile(README, await regenerated(await Deno.readTextFile(README)));
