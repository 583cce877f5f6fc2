/** The refusal of a command that cannot run. */
import { CorralError, EXIT } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";

/** What a shell takes apart, and no name of a program has: `"a | b"`, `"ls -la"`. */
const SHELL_LINE = / |[|;&<>]/;

/** In one line; a whole shell line in one word gets the way to run it. */
export function notRunnable(
  command: string,
  { because, exitCode }: { because: string; exitCode: number },
): CorralError {
  const isLine = exitCode === EXIT.NOT_FOUND && SHELL_LINE.test(command);
  return new CorralError(`${quoted(command)}: ${because}`, {
    exitCode,
    remedy: isLine ? "a shell line needs a shell: corral run sh -c 'LINE'" : null,
  });
}
