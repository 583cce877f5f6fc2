/** From the JOB arguments to jobs. */
import { AmbiguousError, NotFoundError } from "../base/errors.ts";
import { isLive, type Job } from "../job/job.ts";
import type { Tag } from "../value/tag.ts";
import { parseSelector } from "../value/selector.ts";
import type { JobStore } from "../store/jobs.ts";

/** The one job that is meant; a name or ref that several bear means the live one, else the newest. Throws NotFoundError, AmbiguousError. */
export function selectOne(store: JobStore, text: string): Job {
  const selector = parseSelector(text);
  const found = store.find(selector);
  const first = found[0];
  if (first === undefined) throw new NotFoundError("job", text, "see: corral ps");
  if (found.length === 1) return first;
  if (selector.kind === "prefix") throw new AmbiguousError(text, found.map((job) => job.spec.id));
  const live = found.filter(isLive);
  if (live.length > 1) throw new AmbiguousError(text, live.map((job) => job.spec.id));
  return live[0] ?? first;
}

/** Every live job that is meant: `name:` and `ref:` may mean several. Throws NotFoundError, AmbiguousError. */
export function selectLive(store: JobStore, text: string): Job[] {
  const selector = parseSelector(text);
  if (selector.kind === "id" || selector.kind === "prefix") return [selectOne(store, text)];
  const live = store.find(selector).filter(isLive);
  if (live.length === 0) throw new NotFoundError("live job", text, "see: corral ps");
  return live;
}

/** True for a job that has all of the tags. */
export function hasTags({ tags }: Pick<Job["spec"], "tags">, wanted: readonly Tag[]): boolean {
  return wanted.every(({ key, value }) => Object.hasOwn(tags, key) && tags[key] === value);
}
