/** `corral man`: the manual page, made from the command tree. */
import { Command } from "@commander-js/extra-typings";
import type { DescribeProgram, Invoke } from "../cli.ts";
import { manualPage } from "../describe/man.ts";
import { EXIT } from "../errors.ts";
import { VERSION } from "../version.ts";

/** The sub-command, wired to `invoke`. */
export function manVerb(invoke: Invoke, describeProgram: DescribeProgram) {
  const man = new Command("man")
    .description("Prints the manual page: corral man | man -l -");
  man.action(() =>
    invoke(man, async ({ stdout }) => {
      stdout.write(manualPage(await describeProgram(), VERSION));
      return EXIT.DONE;
    })
  );
  return man;
}
