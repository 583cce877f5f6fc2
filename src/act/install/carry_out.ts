/** Takes the steps of a plan, or shows them. */
import { dirname } from "node:path";
import type { Context } from "../../cli/context.ts";
import { printable } from "../../base/text.ts";
import { removeEmptyDirectory, removeFile, writeFile } from "./node_files.ts";
import type { Act } from "./plan.ts";
import { succeed, systemctlCommand, writeCrontab } from "./tools.ts";

/** More files than that in one directory are reported in one line: the manual has dozens. */
const FEW_FILES = 3;

/** One after another, each reported on stdout. Throws PathError, SetupError at the first that fails and should not. */
export async function carryOut(context: Context, acts: readonly Act[]): Promise<void> {
  for (const together of inOneDirectory(acts)) {
    const done: string[] = [];
    for (const act of together) {
      const line = await take(context, act);
      if (line !== null) done.push(line);
    }
    for (const line of summary(together, done)) context.stdout.write(`${printable(line)}\n`);
  }
}

/** Steps that follow each other, are of one kind and change files of one directory; any other step is alone. */
function inOneDirectory(acts: readonly Act[]): Act[][] {
  const groups: Act[][] = [];
  let last: string | null = null;
  for (const act of acts) {
    const key: string | null = act.do === "write" || act.do === "remove"
      ? `${act.do} ${dirname(act.path)}`
      : null;
    if (key !== null && key === last) groups.at(-1)!.push(act);
    else groups.push([act]);
    last = key;
  }
  return groups;
}

function summary([first]: readonly Act[], done: readonly string[]): readonly string[] {
  if (done.length <= FEW_FILES || (first?.do !== "write" && first?.do !== "remove")) return done;
  return [`${first.do === "write" ? "wrote" : "removed"} ${done.length} files in ${dirname(first.path)}/`];
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

/** The same steps to be read: every file with its path, all of its text but that of the manual, every command. */
export function showPlan({ uid, userName, stdout }: Context, acts: readonly Act[]): void {
  for (const act of acts) stdout.write(shown(act, uid, userName));
}

function shown(act: Act, uid: number, userName: string): string {
  switch (act.do) {
    case "write":
      return `==> write ${printable(act.path)}\n${isManual(act.path) ? "" : `${act.text}\n`}`;
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

/** `corral man` prints these. */
function isManual(path: string): boolean {
  return /\/man\/man\d\/[^/]*$/.test(path);
}
