/** How every command speaks. */
import type { Command } from "@commander-js/extra-typings";
import type { CommandStreams } from "./verb.ts";
import { refusalText } from "./words.ts";

/** Commander's own errors in corral's form: one line on stderr, exit 2. */
export function quieten(command: Command, terminal: CommandStreams): void {
  // The words that an option takes stand in its description already.
  command.configureHelp({
    optionDescription: ({ description }) => description,
    argumentDescription: ({ description }) => description,
  });
  command.showSuggestionAfterError(false).exitOverride().configureOutput({
    writeOut: terminal.out,
    writeErr: terminal.err,
    getOutHelpWidth: () => terminal.widthColumns ?? 100,
    outputError: (text, write) => write(`corral: ${refusalText(text, command)}\n`),
  });
}
