/** Which jobs `corral kill` means: by JOB arguments, or by a filter. */
import { NotFoundError, UsageError } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import type { JobStore } from "../store/jobs.ts";
import type { Context } from "./context.ts";
import { findAmongUsers } from "./for_owner.ts";
import { jobsInSight, seesEverybody } from "./in_sight.ts";
import { isLetThrough, type JobFilter, selectLive } from "./select.ts";

/** The filters of the command line. */
export interface KillFilter extends JobFilter {
  all?: true | undefined;
  mine?: true | undefined;
}

/** Throws UsageError for neither, and for both. */
export function refuseUnclear(selectors: readonly string[], { all, name, ref, user, tag }: KillFilter): void {
  const isFiltered = all || [tag, name, ref, user].some((given) => given !== undefined);
  if (isFiltered !== selectors.length > 0) return;
  if (isFiltered) throw new UsageError("give either JOB or a filter, not both");
  throw new UsageError("which job? give JOB, --name, --ref, --user, --tag or --all");
}

/** Each once. What root's own store does not have may be in a user's. Throws NotFoundError, AmbiguousError. */
export async function selectJobs(
  context: Context,
  own: JobStore,
  selectors: readonly string[],
): Promise<Job[]> {
  const found: Job[] = [];
  for (const text of selectors) found.push(...await selectLiveOf(context, own, text));
  return [...new Map(found.map((job) => [`${job.storeUid} ${job.spec.id}`, job])).values()];
}

async function selectLiveOf(context: Context, own: JobStore, text: string): Promise<Job[]> {
  try {
    return selectLive(own, text);
  } catch (error) {
    if (error instanceof NotFoundError && text === "all") {
      throw new NotFoundError("job", text, "every live job: corral kill --all");
    }
    if (!(error instanceof NotFoundError) || !seesEverybody(context)) throw error;
    const job = await findAmongUsers(context, text);
    if (job === null) throw error;
    return [job];
  }
}

/** Reports damaged rows to `say`: one of them may be a job that was asked for. Throws NotFoundError. */
export async function filterJobs(
  context: Context,
  filter: KillFilter,
  say: (line: string) => void,
): Promise<Job[]> {
  const { all, name, ref, user, tag } = filter;
  const { store } = await jobsInSight({ ...context, say }, "kill", { ...filter, jobs: { which: "live" } });
  const chosen = store.live(({ message }) => say(message)).filter((job) => isLetThrough(job, filter));
  if (chosen.length > 0 || all) return chosen;
  const asked = name ?? ref ?? user ?? tag?.map(({ key, value }) => `${key}=${value}`).join(" ") ?? "";
  throw new NotFoundError("live job", asked, "see: corral ps");
}
