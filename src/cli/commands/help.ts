/** `corral help`: prints the help of a command or a page of the manual. It needs neither node nor settings. */
import { Argument, Command } from "@commander-js/extra-typings";
import { findPage, PAGE_KEYS, pageList, pageOf, refuseTopic, topicOf } from "../../view/manual/manual.ts";
import { pageName, verbOf } from "../../view/manual/page.ts";
import { terminalText } from "../../view/manual/terminal_text.ts";
import type { CommandStreams, DescribeProgram, Invoke } from "../verb.ts";

/** The sub-command, which prints to `terminal`. */
export function helpVerb(_invoke: Invoke, describeProgram: DescribeProgram, terminal: CommandStreams) {
  const topic = new Argument("[TOPIC]", "a command, or a page of the manual such as celery or corral-run");
  // The completions offer these keys; findPage() understands other forms of a name as well.
  topic.argChoices = PAGE_KEYS.map(topicOf);
  const help = new Command("help")
    .description(
      "Prints the help of a command, or a page of the manual. Without TOPIC: all commands and topics.",
    )
    .addArgument(topic);
  help.action(async (word) => {
    const root = help.parent!;
    // Loaded with all its options: the command line names it.
    const verb = root.commands.find((command) => command.name() === word);
    if (verb !== undefined) {
      verb.outputHelp();
      return terminal.out(`\nMore: corral help corral-${word}, or man corral-${word}\n`);
    }
    const program = await describeProgram();
    if (word === undefined) {
      const topics = PAGE_KEYS.filter((key) => verbOf(program, pageName(key)) === null);
      root.outputHelp();
      return terminal.out(
        `\nTopics, for corral help TOPIC or man(1):\n${indented(pageList(topics, program))}`,
      );
    }
    const key = findPage(word) ?? refuseTopic(word, root.commands.map((command) => command.name()));
    terminal.out(terminalText(pageOf(key, program), { ...terminal, bold: terminal.bold ?? false }));
  });
  return help;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
