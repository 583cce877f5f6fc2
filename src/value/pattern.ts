/** Regular expressions that come from a command line. */
import { UsageError } from "../base/errors.ts";
import { quoted } from "../base/text.ts";

/**
 * A regular expression as JavaScript has them. Case matters, and `.` finds a newline too: a shell's script is one command line.
 * Throws UsageError with the engine's own words.
 */
export function parsePattern(source: string, text: string): RegExp {
  try {
    return new RegExp(text, "s");
  } catch (error) {
    throw new UsageError(`${source}: ${(error as Error).message}`);
  }
}

/**
 * The same, but refuses a pattern that matches an empty text: it would find every process of the node, and most likely comes from a
 * variable that was not set.
 */
export function parseSelectivePattern(source: string, text: string): RegExp {
  const pattern = parsePattern(source, text);
  if (pattern.test("")) {
    throw new UsageError(`${source}: ${quoted(text)} matches every command line there is`);
  }
  return pattern;
}
