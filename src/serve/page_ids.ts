/**
 * What the page calls a job: its id, and `ID@UID` where two stores have that id. Users choose the ids in their own stores, so that none may
 * stand for another's. Pure.
 */
import type { Job } from "../job/job.ts";
import { isJobId } from "../value/id.ts";

/** A job that the page names: of the caller's own store where `storeUid` is null. */
export interface PageId {
  id: string;
  storeUid: number | null;
}

/** The jobs by what the page calls them, in their order. */
export function byPageId(jobs: readonly Job[]): Map<string, Job> {
  const count = new Map<string, number>();
  for (const { spec: { id } } of jobs) count.set(id, (count.get(id) ?? 0) + 1);
  return new Map(jobs.map((job) => [pageIdOf(job, (count.get(job.spec.id) ?? 0) > 1), job]));
}

/** The caller's own job keeps its id. */
function pageIdOf({ spec: { id }, storeUid }: Job, isShared: boolean): string {
  return isShared && storeUid !== undefined ? `${id}@${storeUid}` : id;
}

/** Null for a word that is no id of a job. */
export function parsePageId(text: string): PageId | null {
  const [, id = "", uid] = /^([2-9a-z]+)(?:@(\d{1,10}))?$/.exec(text) ?? [];
  return isJobId(id) ? { id, storeUid: uid === undefined ? null : Number(uid) } : null;
}

/** Of an ended job in a user's store, with the user: whether other stores have the id is not known. */
export function endedIdOf({ spec: { id }, storeUid }: Job): string {
  return storeUid === undefined ? id : `${id}@${storeUid}`;
}
