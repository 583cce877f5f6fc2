/** What root has done for a job in a user's store: a process of that user does it, and what it prints is a stranger's word. */
import { CorralError } from "../base/errors.ts";
import { printable, shortened } from "../base/text.ts";
import { askUser } from "../linux/as_user.ts";
import { usersOfUids } from "../linux/users.ts";
import type { SourceContext } from "./context.ts";

const LINE_CHARACTERS = 400;

/** What it printed, and its exit code. */
export interface UsersAnswer {
  code: number;
  stdout: string;
  /** The first line of stderr. */
  problem: string;
}

/** How long it may take, how much it may print, and whether it only reads. */
export interface UsersProcessOptions {
  capMs: number;
  maxCharacters: number;
  isReading?: boolean;
}

/** Runs this corral with these words as the user. Throws CorralError where there is no answer. */
export async function asUser(
  context: SourceContext,
  uid: number,
  words: readonly string[],
  { isReading = false, ...caps }: UsersProcessOptions & { isReading?: boolean },
): Promise<UsersAnswer> {
  const user = (await usersOfUids([uid], context.run)).get(uid);
  if (user === undefined) throw new CorralError(`the name services do not know uid ${uid}`);
  const enclosed = isReading ? { isEnclosed: true as const } : {};
  const answer = await askUser(user, [context.self.path, ...words], { ...caps, ...enclosed });
  if (answer?.code == null) throw new CorralError(`no answer of ${user.name}'s process`);
  return {
    code: answer.code,
    stdout: answer.stdout,
    problem: oneLine(answer.stderr.replace(/^corral: /, "")),
  };
}

/** The first line, made harmless. */
export function oneLine(text: string): string {
  return printable(shortened(text.split("\n")[0] ?? "", LINE_CHARACTERS));
}
