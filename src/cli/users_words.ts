/** What root's `sweep` and `prune` print of the users' own: their words are shown as theirs, a line each, and never believed. */
import { printable, shortened } from "../base/text.ts";
import { EXIT } from "../base/errors.ts";
import type { UsersRun } from "../act/sweep/for_users.ts";

const LINE_CHARACTERS = 400;
/** Of one user, so that none fills root's mail. */
const LINES = 50;

/** `alice: 7k2m9q ended: orphaned`; nothing for a user whose process had nothing to say. */
export function usersLines({ user, code, stdout, stderr }: UsersRun): string[] {
  const said = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  const shown = said.slice(0, LINES).map((line) => `${user}: ${printable(shortened(line, LINE_CHARACTERS))}`);
  if (said.length > LINES) shown.push(`${user}: ${said.length - LINES} more lines`);
  return said.length === 0 && isIll({ code }) ? [`${user}: it ended with ${code ?? "no"} exit code`] : shown;
}

/** For the JSON: what the user's process printed, where it is JSON, under the name of the verb. */
export function usersJson(verb: "sweep" | "prune", { user, uid, code, stdout, stderr }: UsersRun) {
  return {
    user,
    uid,
    ok: !isIll({ code }),
    exitCode: code,
    error: code === 0 ? null : stderr || null,
    [verb]: parsed(stdout),
  };
}

/** True when something that should have ended may be alive. One that found another sweep at work leaves it to that. */
export function isIll({ code }: Pick<UsersRun, "code">): boolean {
  return code !== EXIT.DONE && code !== EXIT.SWEEP_RUNNING;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
