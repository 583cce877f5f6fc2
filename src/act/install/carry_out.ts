/** Takes the steps of a plan, or shows them. */
import type { Context } from "../../cli/context.ts";
import { printable } from "../../base/text.ts";
import { removeEmptyDirectory, removeFile, writeFile } from "./node_files.ts";
import type { Act } from "./plan.ts";
import { succeed, systemctlCommand, writeCrontab } from "./tools.ts";

/** One after another, each told on stdout. Throws PathError, SetupError at the first that fails and should not. */
export async function carryOut(context: Context, acts: readonly Act[]): Promise<void> {
  for (const act of acts) {
    const told = await take(context, act);
    if (told !== null) context.stdout.write(`${printable(told)}\n`);
  }
}

/** What was done, in words; null when there was nothing to do. */
async function take(context: Context, act: Act): Promise<string | null> {
  switch (act.do) {
    case "write":
      writeFile(act.path, act.text, { forAll: context.uid === 0 });
      return `wrote ${act.path}`;
    case "remove":
      return removeFile(act.path) ? `removed ${act.path}` : null;
    case "removeEmptyDirectory":
      return removeEmptyDirectory(act.path) ? `removed ${act.path}/` : null;
    case "setCrontab":
      await writeCrontab(context, act.text);
      return `changed the crontab of ${context.userName}`;
    case "systemctl":
      return await callSystemctl(context, act);
  }
}

async function callSystemctl(
  { uid, run }: Context,
  { args, mayFail }: Extract<Act, { do: "systemctl" }>,
): Promise<string | null> {
  const { argv, env } = systemctlCommand(uid, args);
  if (!mayFail) await succeed(run, argv, env);
  else if ((await run(argv, env)).code !== 0) return null;
  return `ran ${argv.join(" ")}`;
}

/** The same steps for somebody to read: every file with its path and all of its text, every command. */
export function showPlan({ uid, userName, stdout }: Context, acts: readonly Act[]): void {
  for (const act of acts) stdout.write(shown(act, uid, userName));
}

function shown(act: Act, uid: number, userName: string): string {
  switch (act.do) {
    case "write":
      return `==> write ${printable(act.path)}\n${act.text}\n`;
    case "remove":
      return `==> remove ${printable(act.path)}${act.ifThere ? ", if it is there" : ""}\n`;
    case "removeEmptyDirectory":
      return `==> remove ${printable(act.path)}/, if it is empty\n`;
    case "setCrontab":
      return act.text === ""
        ? `==> remove the crontab of ${userName}, now empty\n`
        : `==> change the crontab of ${userName}\n${act.text}\n`;
    case "systemctl":
      return `==> run ${systemctlCommand(uid, act.args).argv.join(" ")}\n`;
  }
}
