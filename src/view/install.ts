/** The steps of an installation as text, for `--print`. Pure. */
import { dirname } from "node:path";
import type { InstallStep } from "../act/install/plan.ts";
import { systemctlArgv } from "../act/install/tools.ts";
import { printable } from "../base/text.ts";

/** Whose steps, and how much of them: `isAll` with the text of every file. */
interface StepsView {
  uid: number;
  userName: string;
  isAll: boolean;
}

/** `install --print`: what will run first, with all of its text; the manual and the completions only by their paths. */
export function stepsText(acts: readonly InstallStep[], view: StepsView): string {
  if (view.isAll) return acts.map((act) => stepText(act, view)).join("");
  const [shared, others] = [true, false].map((wanted) => acts.filter((act) => isNamedOnly(act) === wanted));
  const named = shared!.length === 0
    ? ""
    : `==> write ${shared!.length} files of the manual and the completions (their text: --print=all)\n${
      shared!.map((act) => `    ${printable(pathOf(act))}\n`).join("")
    }`;
  return others!.map((act) => stepText(act, view)).join("") + named;
}

/** A file below a share directory, which nothing runs. */
function isNamedOnly(act: InstallStep): boolean {
  return act.do === "write" &&
    /\/(man\/man\d|completions|site-functions|vendor_completions\.d)\/[^/]*$/.test(act.path);
}

function pathOf(act: InstallStep): string {
  return act.do === "write" ? act.path : "";
}

/** A file with its path and all of its text, or a command. */
function stepText(act: InstallStep, { uid, userName }: StepsView): string {
  switch (act.do) {
    case "write":
      return `==> write ${printable(act.path)}\n${act.text}\n`;
    case "remove":
      return `==> remove ${printable(act.path)}${act.ifThere ? ", if it is there" : ""}\n`;
    case "removeEmptyDirectory":
      return `==> remove ${printable(act.path)}/, if it is empty\n`;
    case "makeUsersDirectory":
      return `==> make ${printable(act.path)}/ (mode 1777), and let all users through ${
        printable(dirname(act.path))
      }/ (mode 0711)\n`;
    case "setCrontab":
      return act.text === ""
        ? `==> remove the crontab of ${userName}, now empty\n`
        : `==> change the crontab of ${userName}\n${act.text}\n`;
    case "systemctl":
      return `==> run ${systemctlArgv(uid, act.args).join(" ")}\n`;
  }
}
