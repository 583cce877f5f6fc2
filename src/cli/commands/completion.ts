/** `corral completion`: the completions, made from the command tree. */
import { Argument, Command } from "@commander-js/extra-typings";
import type { DescribeProgram, Invoke } from "../verb.ts";
import { COMPLETIONS, SHELLS } from "../../view/completion/completion.ts";
import { EXIT } from "../../base/errors.ts";

/** The sub-command, wired to `invoke`. */
export function completionVerb(invoke: Invoke, describeProgram: DescribeProgram) {
  const completion = new Command("completion")
    .description("Prints the completions for a shell. For the running one: source <(corral completion bash)")
    .addArgument(new Argument("<SHELL>", "bash, zsh or fish").choices(SHELLS));
  completion.action((shell) =>
    invoke(completion, async ({ stdout }) => {
      stdout.write(COMPLETIONS[shell](await describeProgram()));
      return EXIT.DONE;
    })
  );
  return completion;
}
