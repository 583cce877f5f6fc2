/**
 * Which job root means to act on, among its own and everybody's. Ids, names and refs of users' jobs are the users' words: a user can choose
 * them so that they hit, or hide, another's. So another user's job is meant by its whole id alone, or within what `--user` names, and what
 * two stores have is refused with both.
 */
import { CorralError, NotFoundError } from "../base/errors.ts";
import { isLive, type Job } from "../job/job.ts";
import { uidOf } from "../linux/users.ts";
import type { Found } from "../store/find.ts";
import { noJobs } from "../store/gathered_store.ts";
import type { JobStore } from "../store/jobs.ts";
import { parseSelector } from "../value/selector.ts";
import type { Context } from "./context.ts";
import { seesEverybody, type SightOptions, withUsers } from "./in_sight.ts";
import { ambiguous, selectLive, selectOne } from "./select.ts";

/** The one job. Throws NotFoundError, AmbiguousError, and CorralError where a user's answer is missing that could be another such job. */
export async function locateToAct(
  context: Context,
  own: Pick<JobStore, "find">,
  text: string,
  { mine, user }: SightOptions = {},
): Promise<Job> {
  const selector = parseSelector(text);
  if (mine || selector.kind === "last" || !seesEverybody(context)) return selectOne(own, text);
  const uid = user === undefined ? null : await uidOf(user, context.run);
  if (uid === 0) return selectOne(own, text);
  const { found, isWhole } = await usersFound(context, text, uid);
  const theirs = found.jobs.filter(isLive);
  if (uid !== null) return oneOf(text, theirs);
  const { by, jobs } = own.find(selector);
  if (theirs.length === 0 || by === "id" && jobs.length > 0 && found.by !== "id") return selectOne(own, text);
  if (jobs.length > 0 || found.by !== "id") throw ambiguous(text, [...jobs.filter(isLive), ...theirs], BY_ID);
  if (!isWhole) {
    throw new CorralError("not every user's jobs are known", {
      remedy: `name the user: --user USER ${text}`,
    });
  }
  return oneOf(text, theirs);
}

/** All live jobs that `name:` or `ref:` means in one store. Throws as locateToAct(). */
export async function locateAll(
  context: Context,
  own: JobStore,
  text: string,
  { mine, user }: SightOptions,
): Promise<Job[]> {
  if (mine || !seesEverybody(context)) return selectLive(own, text);
  const uid = user === undefined ? null : await uidOf(user, context.run);
  if (uid === 0) return selectLive(own, text);
  const theirs = (await usersFound(context, text, uid)).found.jobs.filter(isLive);
  if (uid !== null && theirs.length > 0) return theirs;
  if (uid !== null) throw new NotFoundError("live job", text, "see: corral ps");
  if (theirs.length === 0) return selectLive(own, text);
  throw ambiguous(text, [...own.find(parseSelector(text)).jobs.filter(isLive), ...theirs], BY_ID);
}

const BY_ID = "give its whole id, or --user USER";

function oneOf(text: string, jobs: readonly Job[]): Job {
  const [first, ...others] = jobs;
  if (first === undefined) throw new NotFoundError("live job", text, "see: corral ps");
  if (others.length > 0) throw ambiguous(text, jobs, BY_ID);
  return first;
}

/** What users' stores have, by whole ids, refs and names: the beginning of an id is root's own shorthand. */
export async function usersFound(
  context: Context,
  text: string,
  uid: number | null,
): Promise<{ found: Found; isWhole: boolean }> {
  // What is no JOB at all is refused before anything is asked.
  const selector = parseSelector(text);
  const { store, isWhole } = await withUsers(context, noJobs("ps"), {
    jobs: { which: "named", word: text.replace(/^(name|ref):/, "") },
    uids: uid === null ? null : [uid],
  });
  const found = store.find(selector);
  return { found: found.by === "prefix" ? { ...found, jobs: [] } : found, isWhole };
}
