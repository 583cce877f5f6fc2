/** The steps of an installation as text, for `--print`. Pure. */
import { dirname } from "node:path";
import type { InstallStep } from "../act/install/plan.ts";
import { systemctlArgv } from "../act/install/tools.ts";
import { printable } from "../base/text.ts";

/** One step of `install --print`: a file with its path and all of its text, or a command. */
export function stepText(act: InstallStep, { uid, userName }: { uid: number; userName: string }): string {
  switch (act.do) {
    case "write":
      return `==> write ${printable(act.path)}\n${isManual(act.path) ? "" : `${act.text}\n`}`;
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

/** `corral man` prints these. */
function isManual(path: string): boolean {
  return /\/man\/man\d\/[^/]*$/.test(path);
}
