/** Takes the steps of a plan. */
import { dirname } from "node:path";
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { removeEmptyDirectory, removeFile, writeFile } from "./node_files.ts";
import type { InstallStep } from "./plan.ts";
import { makeUsersDirectory } from "./users_directory.ts";
import { succeed, systemctlCommand, writeCrontab } from "./tools.ts";

/** More files than this in one directory are reported in one line: the manual has dozens. */
const FEW_FILES = 3;

/** The node and the user for which the steps are taken. */
type Installer = Pick<Node, "run" | "runDir"> & Pick<Caller, "uid" | "userName">;

/** Takes one step after another and reports each to `done` in words. Throws PathError, SetupError at the first that fails and must not. */
export async function takeSteps(
  on: Installer,
  acts: readonly InstallStep[],
  done: (words: string) => void,
): Promise<void> {
  for (const together of inOneDirectory(acts)) {
    const lines: string[] = [];
    for (const act of together) {
      const line = await take(on, act);
      if (line !== null) lines.push(line);
    }
    summary(together, lines).forEach(done);
  }
}

/** Groups successive steps of one kind that change files of one directory; any other step is a group of its own. */
function inOneDirectory(acts: readonly InstallStep[]): InstallStep[][] {
  const groups: InstallStep[][] = [];
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

function summary([first]: readonly InstallStep[], done: readonly string[]): readonly string[] {
  if (done.length <= FEW_FILES || (first?.do !== "write" && first?.do !== "remove")) return done;
  return [`${first.do === "write" ? "wrote" : "removed"} ${done.length} files in ${dirname(first.path)}/`];
}

/** Takes the step and describes what it did; null when there was nothing to do. */
async function take(on: Installer, act: InstallStep): Promise<string | null> {
  switch (act.do) {
    case "write":
      writeFile(act.path, act.text, { forAll: on.uid === 0 });
      return `wrote ${act.path}`;
    case "remove":
      return removeFile(act.path) ? `removed ${act.path}` : null;
    case "removeEmptyDirectory":
      return removeEmptyDirectory(act.path) ? `removed ${act.path}/` : null;
    case "makeUsersDirectory":
      makeUsersDirectory(act.path);
      return `made ${act.path}/`;
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
