/** Takes the steps of a plan. */
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { removeEmptyDirectory, removeFile, writeFile } from "./node_files.ts";
import type { InstallStep } from "./plan.ts";
import { succeed, systemctlCommand, writeCrontab } from "./tools.ts";

/** Where the steps are taken, and for whom. */
type Installer = Pick<Node, "run" | "runDir"> & Pick<Caller, "uid" | "userName">;

/** One after another, each reported to `done` in words. Throws PathError, SetupError at the first that fails and should not. */
export async function takeSteps(
  on: Installer,
  acts: readonly InstallStep[],
  done: (words: string) => void,
): Promise<void> {
  for (const act of acts) {
    const words = await take(on, act);
    if (words !== null) done(words);
  }
}

/** What was done, in words; null when there was nothing to do. */
async function take(on: Installer, act: InstallStep): Promise<string | null> {
  switch (act.do) {
    case "write":
      writeFile(act.path, act.text, { forAll: on.uid === 0 });
      return `wrote ${act.path}`;
    case "remove":
      return removeFile(act.path) ? `removed ${act.path}` : null;
    case "removeEmptyDirectory":
      return removeEmptyDirectory(act.path) ? `removed ${act.path}/` : null;
    case "setCrontab":
      await writeCrontab(on, act.text);
      return `changed the crontab of ${on.userName}`;
    case "systemctl":
      return await callSystemctl(on, act);
  }
}

async function callSystemctl(
  on: Installer,
  { args, mayFail }: Extract<InstallStep, { do: "systemctl" }>,
): Promise<string | null> {
  const { argv, env } = systemctlCommand(on, args);
  if (!mayFail) await succeed(on.run, argv, env);
  else if ((await on.run(argv, env)).code !== 0) return null;
  return `ran ${argv.join(" ")}`;
}
