/** The jobs that a verb is about: the caller's own for a user, everybody's for root. */
import type { Context } from "./context.ts";
import { type EverybodyRequest, everybodysJobs } from "../observe/everybody.ts";
import { uidOf } from "../linux/users.ts";
import { bothStores } from "../store/former_store.ts";
import type { JobStore } from "../store/jobs.ts";
import type { SharedRequest } from "../store/shared_rows.ts";

/** How far root looks. */
export interface SightOptions {
  /** Root's own jobs only (`--mine`). */
  mine?: true | undefined;
  /** One user's, by name or uid (`--user`). */
  user?: string | undefined;
}

/** What is in sight; `isWhole` is false when a user's jobs are not all there, which has been said. */
export interface InSight {
  store: JobStore;
  isWhole: boolean;
}

/** Throws StoreError for the caller's own store, TrustError. */
export async function jobsInSight(
  context: Context,
  actor: string,
  { mine, user, jobs }: SightOptions & { jobs: SharedRequest },
): Promise<InSight> {
  const own = bothStores(context.openStore(actor), context.openFormerStore(actor));
  if (mine || !seesEverybody(context)) return { store: own, isWhole: true };
  return await withUsers(context, own, {
    jobs,
    uids: user === undefined ? null : await uidsOf(context, user),
  });
}

/** These jobs and the users'; `uids` of null: every user's. Throws StoreError for `own`. */
export async function withUsers(
  context: Context,
  own: JobStore,
  asked: Pick<EverybodyRequest, "jobs" | "jobsOf" | "onRows" | "uids">,
): Promise<InSight> {
  let isWhole = true;
  const store = await everybodysJobs(context, own, {
    ...asked,
    usersDir: context.settings.userStateDir,
    onProblem: (line) => {
      isWhole = false;
      context.say(line);
    },
  });
  return { store, isWhole };
}

/** Root, unless it named a store: then that one alone is meant. */
export function seesEverybody({ uid, settings }: Pick<Context, "uid" | "settings">): boolean {
  return uid === 0 && !settings.isStateDirNamed;
}

/** Root's own store may have jobs of a user too, so that a user who does not exist any more is no error. */
export async function uidsOf({ run }: Context, user: string): Promise<number[]> {
  try {
    const uid = await uidOf(user, run);
    return uid === 0 ? [] : [uid];
  } catch {
    return [];
  }
}
