/** `corral man`: the manual page, made from the command tree. */
import { Command } from "@commander-js/extra-typings";
import type { DescribeProgram, Invoke } from "../verb.ts";
import { manualPage } from "../../view/manual/man.ts";
import { EXIT } from "../../base/errors.ts";
import { VERSION } from "../../base/version.ts";

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
