/** `--with-parent=PID` beside the switch `--with-parent`: commander has no option whose value comes only after `=`. */
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../base/errors.ts";

/** Taken for this option when it is written with `=`; the word after the bare switch is the command. */
class NamedParentOption extends Option<"--with-parent-pid", undefined, undefined, undefined, false, number> {
  is(word: string): boolean {
    const pid = /^--with-parent=(.*)$/s.exec(word)?.[1];
    if (pid === undefined) return false;
    this.presetArg = pid;
    return true;
  }
}

/** Gives `withParentPid`. Not shown in the help by itself: the switch's description names it. */
export function namedParentOption() {
  const option = new NamedParentOption("--with-parent-pid", "");
  option.hideHelp();
  return option.argParser((text: string) => {
    const pid = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(pid) && pid > 1) return pid;
    throw new UsageError(`--with-parent=${JSON.stringify(text)}: give the pid of a process`);
  });
}
