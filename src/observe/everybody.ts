/** Everybody's jobs, for root: root's own store, and what a process of each user answers of that user's. */
import { atOnce } from "../base/at_once.ts";
import { SHARED_ROWS } from "../base/called_by_itself.ts";
import { printable, shortened } from "../base/text.ts";
import { askUser } from "../linux/as_user.ts";
import type { Caller } from "../linux/caller.ts";
import { type User, usersOfUids } from "../linux/users.ts";
import { gather, type UsersRows } from "../store/gathered_store.ts";
import type { JobStore } from "../store/jobs.ts";
import { USERS_DIR } from "../store/place.ts";
import {
  mostRows,
  readRowsOfUser,
  type SharedRequest,
  sharedRowsQuery,
  sharedWords,
} from "../store/shared_rows.ts";
import type { Node } from "./node.ts";
import { isUsersCgroup, usersWithJobs } from "./users.ts";

/** Processes side by side. Each needs a core for some 50 ms, and then waits for a file system, if at all. */
const AT_ONCE = 64;
const REASON_CHARACTERS = 200;

/** Which users, and which of their jobs. */
export interface EverybodyRequest {
  jobs: SharedRequest;
  /** What one user is asked instead, where that differs between users. */
  jobsOf?: (uid: number) => SharedRequest;
  /** Receives the rows of a user's answer, checked in form only. */
  onRows?: (user: UsersRows) => void;
  /** Users other than root, by uid; null for all. */
  uids: readonly number[] | null;
  /** {@link USERS_DIR}, or what the configuration has in its place. */
  usersDir: string | null;
  /** One line about a user whose jobs are not all there. */
  onProblem: (line: string) => void;
}

/** What is needed of the node and the caller. */
export type Asking = Pick<Node, "cgroups" | "clock" | "run"> & Pick<Caller, "self">;

/** Root's own jobs and those of all users. Where no user has any, `own` itself. Throws StoreError for `own`. */
export async function everybodysJobs(
  node: Asking,
  own: JobStore,
  { jobs, jobsOf = () => jobs, onRows = () => {}, uids, usersDir, onProblem }: EverybodyRequest,
): Promise<JobStore> {
  const fs = node.cgroups();
  const asked = uids === null ? usersWithJobs(usersDir ?? USERS_DIR, fs) : { uids, leftOut: 0 };
  if (asked.uids.length === 0) return own;
  const users = await knownUsers(node, asked, onProblem);
  const answers = await atOnce(
    [...users.values()],
    AT_ONCE,
    (user) => rowsOf(node, user, jobsOf(user.uid), onProblem),
  );
  answers.forEach(onRows);
  const damaged = new Set<string>();
  const onDamage = (name: string) => {
    if (!damaged.has(name)) onProblem(`a job of ${name}'s is left out: its record makes no sense`);
    damaged.add(name);
  };
  return gather(own, answers, {
    own: sharedRowsQuery(jobs),
    nowMs: node.clock.wallMs(),
    isUsersCgroup: (path, uid) => isUsersCgroup(fs, path, uid),
    onDamage,
  });
}

/** The users behind the numbers; whom the name services do not know, and who were too many, is told. */
export async function knownUsers(
  { run }: Pick<Node, "run">,
  { uids, leftOut }: { uids: readonly number[]; leftOut: number },
  onProblem: (line: string) => void,
): Promise<Map<number, User>> {
  const users = await usersOfUids(uids, run);
  const unknown = uids.filter((uid) => !users.has(uid));
  if (unknown.length > 0) onProblem(unknownWords(unknown));
  if (leftOut > 0) onProblem(`jobs of ${leftOut} more uids are left out: too many directories of users`);
  return users;
}

const SHOWN_UIDS = 8;

function unknownWords(uids: readonly number[]): string {
  const shown = uids.slice(0, SHOWN_UIDS).join(", ");
  const more = uids.length > SHOWN_UIDS ? ` and ${uids.length - SHOWN_UIDS} more` : "";
  return `jobs of uid ${shown}${more} are left out: the name services do not know ${
    uids.length === 1 ? "that user" : "those users"
  }`;
}

async function rowsOf(
  { self }: Pick<Caller, "self">,
  user: User,
  jobs: SharedRequest,
  onProblem: (line: string) => void,
): Promise<UsersRows> {
  const answer = await askUser(user, [self.path, SHARED_ROWS, ...sharedWords(jobs)], { isEnclosed: true });
  const nothing = { uid: user.uid, name: user.name, rows: [] };
  if (answer === null) {
    onProblem(`jobs of ${user.name} are left out: no answer`);
    return { ...nothing, isSilent: true };
  }
  const { rows, wrong } = readRowsOfUser(answer.stdout, mostRows(jobs));
  if (wrong === null && answer.code === 0) return { ...nothing, rows };
  const why = answer.code === 0 ? wrong : answer.stderr.split("\n")[0] || `exit code ${answer.code}`;
  const what = rows.length === 0 ? "jobs" : "some jobs";
  onProblem(`${what} of ${user.name} are left out: ${printable(shortened(why ?? "", REASON_CHARACTERS))}`);
  return { ...nothing, rows };
}
