/** Calls the node's own tools systemctl and crontab. */
import type { Caller } from "../../linux/caller.ts";
import type { Node } from "../../observe/node.ts";
import { SetupError } from "../../base/errors.ts";
import { NO_SUCH_TOOL } from "../../linux/command.ts";
import { Systemd } from "../../systemd/manager.ts";
import { shortened } from "../../base/text.ts";

/** Errors of a tool are cut after this many characters. */
const SAID_CHARACTERS = 400;
/** The character that the decoder puts in place of bytes that are not UTF-8. */
const NOT_UTF8 = "\ufffd";

/** Returns the command line of systemctl(1) for the manager of user `uid`; root's is the system's. */
export function systemctlArgv(uid: number, args: readonly string[]): string[] {
  return ["systemctl", ...(uid === 0 ? [] : ["--user"]), ...args];
}

/** Returns that command line with the environment in which it finds the manager. */
export function systemctlCommand(
  { uid, runDir }: Pick<Node, "runDir"> & Pick<Caller, "uid">,
  args: readonly string[],
): { argv: string[]; env: Record<string, string> } {
  const systemd = new Systemd(uid === 0 ? null : `${runDir}/user/${uid}`, uid, runDir);
  return { argv: systemctlArgv(uid, args), env: systemd.toolEnv() };
}

/** False when the user's manager, and with it a timer, ends at the last log-out; true when that is unknown. */
export async function lingers(
  { run, userName }: Pick<Node, "run"> & Pick<Caller, "userName">,
): Promise<boolean> {
  const { stdout } = await run(["loginctl", "show-user", userName, "--property=Linger", "--value"]);
  return stdout.trim() !== "no";
}

/** Returns the caller's crontab, empty when there is none; null without crontab(1). Throws SetupError where it may not be read. */
export async function readCrontab({ run }: Pick<Node, "run">): Promise<string | null> {
  const { code, stdout, stderr } = await run(["crontab", "-l"]);
  if (code === NO_SUCH_TOOL) return null;
  if (code === 0) return checked(stdout);
  if (/no crontab for/.test(stderr)) return "";
  throw new SetupError(`cannot read the crontab: ${shortened(stderr, SAID_CHARACTERS)}`, "see: crontab -l");
}

/** Refuses a crontab whose other lines corral could not write back unchanged. */
function checked(crontab: string): string {
  if (!crontab.includes(NOT_UTF8)) return crontab;
  throw new SetupError("the crontab is not UTF-8, and corral would damage it", "edit it by hand: crontab -e");
}

/** Replaces the caller's crontab; an empty one is removed. Throws SetupError. */
export async function writeCrontab({ run }: Pick<Node, "run">, text: string): Promise<void> {
  if (text === "") return await succeed(run, ["crontab", "-r"]);
  const file = Deno.makeTempFileSync({ prefix: "corral-crontab-" });
  try {
    Deno.writeTextFileSync(file, text);
    await succeed(run, ["crontab", file]);
  } finally {
    Deno.removeSync(file);
  }
}

/** Runs the tool. Throws SetupError with its error when it fails. */
export async function succeed(
  run: Node["run"],
  argv: readonly string[],
  env?: Record<string, string>,
): Promise<void> {
  const { code, stderr } = await run(argv, env);
  if (code === 0) return;
  throw new SetupError(
    `${argv.join(" ")}: ${shortened(stderr || `exit code ${code}`, SAID_CHARACTERS)}`,
    "put it right, then try again: what is done already is not done twice",
  );
}
