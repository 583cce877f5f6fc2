/** Root's `corral logs` of a job in a user's own store. */
import { CorralError, EXIT } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import type { Job } from "../job/job.ts";
import { askUser } from "../linux/as_user.ts";
import type { CopyTo } from "../linux/copied_output.ts";
import type { Output } from "../linux/output.ts";
import { copyOutputOf, outputOf } from "../act/logs/output_of.ts";
import type { Context } from "./context.ts";
import { userOf } from "./for_owner.ts";

/** A process of that user reads the file, and another one waits for the end of the job. Throws CorralError. */
export async function followOthers(
  context: Context,
  job: Job,
  { lines, to }: { lines: number | null; to: CopyTo },
): Promise<number> {
  const path = outputOf(job, context.settings.stateDir);
  if (path === null) throw new CorralError(`job ${job.spec.id} is starting: it has no output yet`);
  const over = new AbortController();
  const user = await userOf(context, job.storeUid!);
  const words = [context.self.path, "wait", "--", job.spec.id] as const;
  const waiting = askUser(user, words, { capMs: Infinity, onOutput: () => {} });
  waiting.finally(() => over.abort()).catch(() => {});
  await copyOutputOf(job, { path, lines, over: over.signal }, { node: context, to });
  return EXIT.DONE;
}

/** As it is; on a terminal, what another user's job wrote is shown, and its control characters are not obeyed. */
export function shownBytes(
  { isTerminal, pass, write }: Pick<Output, "isTerminal" | "pass" | "write">,
): CopyTo["take"] {
  if (!isTerminal) return pass;
  const decoder = new TextDecoder();
  return (bytes) => write(decoder.decode(bytes, { stream: true }).split("\n").map(printable).join("\n"));
}
