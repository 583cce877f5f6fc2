/** What root's `corral sweep` prints of the users' sweeps: their words are shown as theirs, a line each, and never believed. */
import { printable, shortened } from "../base/text.ts";
import { EXIT } from "../base/errors.ts";
import type { UsersSweep } from "../act/sweep/users.ts";

const LINE_CHARACTERS = 400;
/** Of one user, so that none fills root's mail. */
const LINES = 50;

/** `alice: 7k2m9q ended: orphaned`; nothing for a user whose sweep had nothing to say. */
export function sweepLines({ user, code, stdout, stderr }: UsersSweep): string[] {
  const said = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  const shown = said.slice(0, LINES).map((line) => `${user}: ${printable(shortened(line, LINE_CHARACTERS))}`);
  if (said.length > LINES) shown.push(`${user}: ${said.length - LINES} more lines`);
  return said.length === 0 && isIll({ code })
    ? [`${user}: the sweep ended with ${code ?? "no"} exit code`]
    : shown;
}

/** For the JSON: what the user's sweep printed, where it is JSON. */
export function sweepJson({ user, uid, code, stdout, stderr }: UsersSweep) {
  return {
    user,
    uid,
    ok: !isIll({ code }),
    exitCode: code,
    error: code === 0 ? null : stderr || null,
    sweep: parsed(stdout),
  };
}

/** True when something that should have ended may be alive. One that found another sweep at work leaves it to that. */
export function isIll({ code }: Pick<UsersSweep, "code">): boolean {
  return code !== EXIT.DONE && code !== EXIT.SWEEP_RUNNING;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
