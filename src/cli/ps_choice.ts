/** Which jobs `corral ps` lists: the live ones, the named ones, or with `--all` the last ended ones too. */
import { isLive, type Job } from "../job/job.ts";
import { bothStores } from "../store/former_store.ts";
import type { JobStore } from "../store/jobs.ts";
import type { SharedRequest } from "../store/shared_rows.ts";
import type { Context } from "./context.ts";
import { lookFor } from "./for_owner.ts";
import { jobsInSight } from "./in_sight.ts";
import { isLetThrough, type JobFilter, selectOne } from "./select.ts";
import { parseSelector } from "../value/selector.ts";

/** Ended jobs that `--all` lists at most; `corral report` has all of them. */
export const MOST_ENDED = 1_000;

/** The filters of the command line. */
export interface PsFilter extends JobFilter {
  all?: true | undefined;
  /** A state, `frozen`, `idle` or an end reason. */
  state?: string | undefined;
  mine?: true | undefined;
}

/** The jobs, and false for `isWhole` when a damaged row or a user's jobs are missing, which `say` was told. */
export interface Listed {
  jobs: Job[];
  isWhole: boolean;
}

const LIVE_STATES = ["queued", "starting", "running", "idle", "frozen", "ending"];

/** Oldest first without `--all`, as live jobs are; newest first with it. Throws NotFoundError, AmbiguousError, StoreError. */
export async function chooseListed(
  context: Context,
  selectors: readonly string[],
  filter: PsFilter,
): Promise<Listed> {
  const withEnded = filter.all || filter.state !== undefined && !LIVE_STATES.includes(filter.state);
  const jobs: SharedRequest = withEnded ? { which: "recent", count: MOST_ENDED } : { which: "live" };
  const sight = await jobsInSight(context, "ps", { ...filter, jobs });
  let isWhole = sight.isWhole;
  const onDamage = ({ message }: { message: string }) => {
    isWhole = false;
    context.say(message);
  };
  const listed = withEnded ? sight.store.recent(MOST_ENDED, onDamage) : sight.store.live(onDamage);
  const wanted = (job: Job) => isWanted(job, filter);
  if (selectors.length === 0) return { jobs: listed.filter(wanted), isWhole };
  const named = await Promise.all(selectors.map((text) => namedJobs(context, sight.store, text, filter)));
  return { jobs: [...new Set(named.flat())].filter(wanted), isWhole };
}

/** A word is one job, live or ended; `name:` and `ref:` are all live ones, with `--all` the ended ones too. */
async function namedJobs(
  context: Context,
  store: JobStore,
  text: string,
  { all, mine }: PsFilter,
): Promise<Job[]> {
  const { kind } = parseSelector(text);
  if (kind === "name" || kind === "ref") {
    const found = store.find(parseSelector(text)).jobs.filter((job) => all || isLive(job));
    if (found.length > 0) return found;
  }
  const own = bothStores(context.openStore("ps"), context.openFormerStore("ps"));
  return [mine ? selectOne(own, text) : await lookFor(context, own, text)];
}

function isWanted(job: Job, filter: PsFilter): boolean {
  const { phase } = job;
  const { state } = filter;
  const isInState = state === undefined || ["frozen", "idle"].includes(state) || state === phase.state ||
    phase.state === "ended" && state === phase.reason;
  return isInState && isLetThrough(job, filter);
}
