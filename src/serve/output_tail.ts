/** The end of a job's output, read by a process that is the job's user: a file system that hangs, or a pipe in its place, holds up that process alone. */
import { outputOf } from "../act/logs/output_of.ts";
import { CorralError } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import { runAsUser } from "../linux/as_user.ts";
import { usersOfUids } from "../linux/users.ts";
import type { SourceContext } from "./context.ts";

const TAIL_BYTES = 4_096;
const CAP_MS = 2_000;
/** The time of the last write, then the end of the file. */
const SCRIPT = `[ -f "$1" ] && stat -L -c %Y -- "$1" && tail -c ${TAIL_BYTES} -- "$1"`;

/** What is at the end, and when it was written; `tail` is null where the file does not answer. */
export interface OutputTail {
  path: string;
  tail: string | null;
  writtenMs: number | null;
}

/** Null for a job without an output file. */
export async function outputTail(context: SourceContext, job: Job): Promise<OutputTail | null> {
  const path = pathOf(job, context.settings.stateDir);
  if (path === null) return null;
  const nothing = { path, tail: null, writtenMs: null };
  const { uid } = job.spec;
  const user = uid === context.uid ? { uid, gid: 0 } : (await usersOfUids([uid], context.run)).get(uid);
  if (user === undefined) return nothing;
  const answer = await runAsUser(user, SCRIPT, [path], { stdin: "", capMs: CAP_MS });
  return answer?.code === 0 ? { path, ...tailOf(answer.stdout) } : nothing;
}

/** Of what the script prints. A line that was cut is left out, unless it is all there is. */
export function tailOf(printed: string): { tail: string; writtenMs: number | null } {
  const newline = printed.indexOf("\n");
  const seconds = Number(printed.slice(0, newline));
  const text = printed.slice(newline + 1);
  const isCut = new TextEncoder().encode(text).length >= TAIL_BYTES;
  const whole = isCut ? text.indexOf("\n") + 1 : 0;
  return {
    tail: whole === text.length ? text : text.slice(whole),
    writtenMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}

function pathOf(job: Job, stateDir: string): string | null {
  try {
    return outputOf(job, stateDir);
  } catch (error) {
    if (error instanceof CorralError) return null;
    throw error;
  }
}
