/** What a page gets of the one job that it watches: whole at first, then what has changed and the new samples. Pure. */
import type { FeedMessage, JobDetail } from "./feed.ts";

type More = Extract<FeedMessage, { type: "job-more" }>;

/** From one detail of a job to its next. */
export function moreOf(before: JobDetail, after: JobDetail): More {
  const lastMs = before.samples.at(-1)?.atMs ?? -Infinity;
  const keys = (Object.keys(after) as (keyof JobDetail)[]).filter((key) => key !== "samples" && key !== "id");
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  return {
    type: "job-more",
    jobId: after.id,
    changed: Object.fromEntries(changed.map((key) => [key, after[key]])),
    samples: after.samples.filter(({ atMs }) => atMs > lastMs),
  };
}
