/** Asks the owner of jobs, through a command of the admin's, what it thinks of them. */
import type { Diagnostics } from "../base/diagnostics.ts";
import type { Node } from "./node.ts";
import { quoted } from "../base/text.ts";
import { canBeAsked, NO_ANSWERS, type OwnersAnswers, parseAnswers } from "./owner_answers.ts";

/** The command has to answer within it; otherwise nothing is known. */
export const STATUS_CAP_MS = 30_000;

/**
 * Runs the command once with the refs on stdin, one a line. corral prints that a command fails or takes too long, and has then no answer: no
 * answers at all, not even those it gave before.
 */
export async function askOwner(
  on: Pick<Node, "shell"> & Diagnostics,
  command: string,
  refs: readonly string[],
  finishedStatuses: readonly string[],
): Promise<OwnersAnswers> {
  const asked = [...new Set(refs.filter(canBeAsked))];
  if (asked.length === 0) return NO_ANSWERS;
  const result = await on.shell(command, {
    stdin: asked.map((ref) => `${ref}\n`).join(""),
    capMs: STATUS_CAP_MS,
  });
  if (result !== null && result.code === 0) return parseAnswers(result.stdout, asked, finishedStatuses);
  const why = result === null
    ? `did not answer within ${STATUS_CAP_MS / 1000} s`
    : `exit code ${result.code}${result.stderr === "" ? "" : `: ${quoted(result.stderr, 200)}`}`;
  on.say(`warning: the status command failed (${why}): no job is judged by its owner in this sweep`);
  return NO_ANSWERS;
}
