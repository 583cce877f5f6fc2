/**
 * Root's verbs on a job that is in a user's store: a process of that user does what was typed. Root's own hand touches no job on a user's
 * word, and what that process prints is shown as text.
 */
import { CorralError, NotFoundError } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import { type AskOptions, askUser } from "../linux/as_user.ts";
import { type User, usersOfUids } from "../linux/users.ts";
import type { Job } from "../job/job.ts";
import { bothStores } from "../store/former_store.ts";
import type { JobStore } from "../store/jobs.ts";
import type { Context } from "./context.ts";
import { seesEverybody } from "./in_sight.ts";
import { locateToAct, usersFound } from "./locate.ts";
import { selectOne } from "./select.ts";

/** Beyond a usual grace, the time in which the kernel lets go of what was killed. */
export const ACT_CAP_MS = 120_000;
/** Of what a user's process prints where root waits for its end. */
const MOST_CHARACTERS = 4 << 20;
const LINE_CHARACTERS = 65_536;

/** How a verb is carried out by a user's process. */
export interface ForOwnerOptions {
  capMs?: number;
  /** It changes the job: see locate.ts. */
  isActing?: boolean;
}

/** Calls `act` for the caller's own job; where another user's is meant, has that user's process do the same. */
export async function forOwner(
  context: Context,
  selector: string,
  act: () => Promise<number>,
  { capMs = ACT_CAP_MS, isActing = false }: ForOwnerOptions = {},
): Promise<number> {
  if (!seesEverybody(context)) return await act();
  const job = isActing
    ? await locateToAct(context, ownJobs(context), selector)
    : await lookFor(context, ownJobs(context), selector);
  if (job.storeUid === undefined) return await act();
  const words = context.self.args.map((word) => word === selector ? job.spec.id : word);
  const maxCharacters = capMs === Infinity ? Infinity : MOST_CHARACTERS;
  return await asOwner(context, job.storeUid, words, { capMs, maxCharacters });
}

function ownJobs(context: Context) {
  return bothStores(context.openStore("ps"), context.openFormerStore("ps"));
}

/** For a look: the caller's own job first. Throws NotFoundError, AmbiguousError. */
export async function lookFor(context: Context, own: Pick<JobStore, "find">, selector: string): Promise<Job> {
  try {
    return selectOne(own, selector);
  } catch (error) {
    if (!(error instanceof NotFoundError) || !seesEverybody(context)) throw error;
    const { found } = await usersFound(context, selector, null);
    if (found.jobs.length === 0) throw error;
    return selectOne({ find: () => found }, selector);
  }
}

/** Runs this corral with these words as the user, shows what it prints, and gives its exit code. */
export async function asOwner(
  context: Context,
  uid: number,
  words: readonly string[],
  { print = (text) => void context.stdout.write(text), ...options }: AskOptions & {
    print?: (text: string) => void;
  } = {},
): Promise<number> {
  const user = await userOf(context, uid);
  const lines = new Lines((line) => context.say(line.replace(/^corral: /, "")));
  const answer = await askUser(user, [context.self.path, ...words], {
    capMs: ACT_CAP_MS,
    maxCharacters: MOST_CHARACTERS,
    onOutput: (stream, text) => {
      if (stream === "stderr") lines.take(text);
      else print(text.split("\n").map(printable).join("\n"));
    },
    ...options,
  });
  lines.end();
  if (answer?.code == null) throw new CorralError(`no answer of ${user.name}'s process`);
  return answer.code;
}

/** As the name services know the user. Throws CorralError. */
export async function userOf({ run }: Context, uid: number): Promise<User> {
  const user = (await usersOfUids([uid], run)).get(uid);
  if (user === undefined) throw new CorralError(`the name services do not know uid ${uid}`);
  return user;
}

/** Whole lines out of pieces. */
class Lines {
  #rest = "";

  constructor(readonly tell: (line: string) => void) {}

  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.tell(printable(line));
    // A line without end is told in pieces.
    if (this.#rest.length > LINE_CHARACTERS) this.end();
  }

  end(): void {
    if (this.#rest !== "") this.take("\n");
  }
}
