/** Which jobs `corral kill` means: by JOB arguments, or by a filter. */
import { NotFoundError, UsageError } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import type { JobStore } from "../store/jobs.ts";
import type { Context } from "./context.ts";
import { jobsInSight, type SightOptions } from "./in_sight.ts";
import { locateAll, locateToAct } from "./locate.ts";
import { isLetThrough, type JobFilter } from "./select.ts";

/** The filters of the command line. */
export interface KillFilter extends JobFilter {
  all?: true | undefined;
  mine?: true | undefined;
}

/** Throws UsageError for neither, and for both; `--user` and `--mine` say in whose store a JOB is looked for. */
export function refuseUnclear(selectors: readonly string[], { all, name, ref, user, tag }: KillFilter): void {
  const isFiltered = all || [tag, name, ref].some((given) => given !== undefined);
  if (isFiltered && selectors.length > 0) throw new UsageError("give either JOB or a filter, not both");
  if (isFiltered || selectors.length > 0 || user !== undefined) return;
  throw new UsageError("which job? give JOB, --name, --ref, --user, --tag or --all");
}

/** Each once; `name:` and `ref:` may mean several of the caller's own. Throws NotFoundError, AmbiguousError. */
export async function selectJobs(
  context: Context,
  own: JobStore,
  { selectors, ...where }: SightOptions & { selectors: readonly string[] },
): Promise<Job[]> {
  const found: Job[] = [];
  for (const text of selectors) found.push(...await liveJobs(context, own, text, where));
  return [...new Map(found.map((job) => [`${job.storeUid} ${job.spec.id}`, job])).values()];
}

async function liveJobs(
  context: Context,
  own: JobStore,
  text: string,
  where: SightOptions,
): Promise<Job[]> {
  try {
    return /^(name|ref):/.test(text)
      ? await locateAll(context, own, text, where)
      : [await locateToAct(context, own, text, where)];
  } catch (error) {
    if (!(error instanceof NotFoundError) || text !== "all") throw error;
    throw new NotFoundError("job", text, "every live job: corral kill --all");
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
