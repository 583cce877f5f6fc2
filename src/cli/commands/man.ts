/** `corral man`: prints a page of the manual for man(1). It needs neither node nor settings. */
import { Argument, Command } from "@commander-js/extra-typings";
import { UsageError } from "../../base/errors.ts";
import { VERSION } from "../../base/version.ts";
import { findPage, PAGE_KEYS, pageList, pageOf, refuseTopic, topicOf } from "../../view/manual/manual.ts";
import { roffPage } from "../../view/manual/roff.ts";
import type { CommandStreams, DescribeProgram, Invoke } from "../verb.ts";

/** The sub-command, which prints to `terminal`. */
export function manVerb(_invoke: Invoke, describeProgram: DescribeProgram, terminal: CommandStreams) {
  const topic = new Argument("[TOPIC]", "a command or a topic, such as run or celery (default: corral)");
  // The completions offer these keys; findPage() understands other forms of a name as well.
  topic.argChoices = PAGE_KEYS.map(topicOf);
  return new Command("man")
    .description("Prints a page of the manual as man(1) reads it: corral man run | man -l -")
    .addArgument(topic)
    .option("--list", "print the names of all pages")
    .action(async (word, { list }) => {
      if (list && word !== undefined) throw new UsageError("give either TOPIC or --list, not both");
      const key = findPage(word ?? "corral") ?? refuseTopic(word ?? "");
      const program = await describeProgram();
      terminal.out(list ? pageList(PAGE_KEYS, program) : roffPage(pageOf(key, program), VERSION));
    });
}
