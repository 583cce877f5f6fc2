/** `corral version`: the same as `--version`. It needs neither node nor settings. */
import { Command } from "@commander-js/extra-typings";
import { toJson } from "../../base/json.ts";
import { COMMIT, DENO_VERSION, VERSION, VERSION_LINE } from "../../base/version.ts";
import type { CommandStreams, DescribeProgram, Invoke } from "../verb.ts";

/** The sub-command, which prints to `terminal`. */
export function versionVerb(_invoke: Invoke, _describe: DescribeProgram, terminal: CommandStreams) {
  return new Command("version")
    .description(
      "Prints the version, the commit it was built from, and the version of the runtime, as --version does.",
    )
    .option("--json", "print JSON")
    .action(({ json }) => {
      const facts = { version: VERSION, commit: COMMIT, deno: DENO_VERSION };
      terminal.out(`${json ? toJson(facts) : VERSION_LINE}\n`);
    });
}
