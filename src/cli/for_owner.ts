/**
 * Root's verbs on a job that is in a user's store: a process of that user does what was typed. Root's own hand touches no job on a user's
 * word, and what that process prints is shown as text.
 */
import { CorralError, EXIT, NotFoundError } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import { type AskOptions, askUser } from "../linux/as_user.ts";
import { type User, usersOfUids } from "../linux/users.ts";
import type { Job } from "../job/job.ts";
import { everybodysJobs } from "../observe/everybody.ts";
import { noJobs } from "../store/gathered_store.ts";
import type { Context } from "./context.ts";
import { seesEverybody } from "./in_sight.ts";
import { selectOne } from "./select.ts";

/** Beyond a usual grace, the time in which the kernel lets go of what was killed. */
const ACT_CAP_MS = 120_000;

/** Calls `act` for the caller's own job; where root has none that is meant, has its owner do the same, word for word. */
export async function forOwner(
  context: Context,
  selector: string,
  act: () => Promise<number>,
  capMs = ACT_CAP_MS,
): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof NotFoundError) || !seesEverybody(context)) throw error;
    const owner = await ownerOf(context, selector, error);
    return await asOwner(context, owner, context.self.args, { capMs });
  }
}

/** The user in whose store the job is. Throws `notFound` where no user has it, AmbiguousError. */
async function ownerOf(context: Context, selector: string, notFound: NotFoundError): Promise<number> {
  const job = await findAmongUsers(context, selector);
  if (job?.storeUid === undefined) throw notFound;
  return job.storeUid;
}

/** The one job of all users that is meant; null when there is none. Throws AmbiguousError. */
export async function findAmongUsers(context: Context, selector: string): Promise<Job | null> {
  const store = await everybodysJobs(context, noJobs("ps"), {
    jobs: { which: "named", word: selector.replace(/^(name|ref):/, "") },
    uids: null,
    usersDir: context.settings.userStateDir,
    onProblem: context.say,
  });
  try {
    return selectOne(store, selector);
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
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
    maxCharacters: Infinity,
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
  if (user === undefined) {
    throw new CorralError(`the name services do not know uid ${uid}`, { exitCode: EXIT.NEGATIVE });
  }
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
  }

  end(): void {
    if (this.#rest !== "") this.take("\n");
  }
}
