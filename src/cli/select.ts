/** From the JOB arguments to jobs. */
import { AmbiguousError, NotFoundError } from "../base/errors.ts";
import { printable } from "../base/text.ts";
import { isLive, type Job, runningFacts } from "../job/job.ts";
import type { JobStore } from "../store/jobs.ts";
import { localTime } from "../value/local_time.ts";
import { parseSelector } from "../value/selector.ts";
import type { Tag } from "../value/tag.ts";
import { MISSING } from "../value/units.ts";

/** The one job that is meant; a name or ref that several bear means the live one, else the newest. Throws NotFoundError, AmbiguousError. */
export function selectOne(store: Pick<JobStore, "find">, text: string): Job {
  const { by, jobs } = store.find(parseSelector(text));
  const [first] = jobs;
  if (first === undefined) throw new NotFoundError("job", text, "see: corral ps -a");
  if (jobs.length === 1) return first;
  const live = jobs.filter(isLive);
  // An id that has several jobs is of several users, one of which may have chosen it.
  const isOneOfMany = by !== "id" && by !== "prefix";
  if (isOneOfMany && live.length <= 1) return live[0] ?? first;
  throw ambiguous(text, isOneOfMany ? live : jobs);
}

/** Every live job that is meant: `name:` and `ref:` may mean several. Throws NotFoundError, AmbiguousError. */
export function selectLive(store: Pick<JobStore, "find">, text: string): Job[] {
  const selector = parseSelector(text);
  if (selector.kind === "word" || selector.kind === "last") return [selectOne(store, text)];
  const live = store.find(selector).jobs.filter(isLive);
  if (live.length === 0) throw new NotFoundError("live job", text, "see: corral ps");
  return live;
}

/** Filters that `ps` and `kill` have in common. */
export interface JobFilter {
  name?: string | undefined;
  ref?: string | undefined;
  /** A name or a uid. */
  user?: string | undefined;
  tag?: readonly Tag[] | undefined;
}

/** True for a job that all filters let through. */
export function isLetThrough({ spec }: Pick<Job, "spec">, { name, ref, user, tag }: JobFilter): boolean {
  return (name === undefined || spec.name === name) && (ref === undefined || spec.ref === ref) &&
    (user === undefined || spec.user === user || String(spec.uid) === user) && hasTags(spec, tag ?? []);
}

/** True for a job that has all of the tags. */
function hasTags({ tags }: Pick<Job["spec"], "tags">, wanted: readonly Tag[]): boolean {
  return wanted.every(({ key, value }) => Object.hasOwn(tags, key) && tags[key] === value);
}

/** Of the candidates; the rest is counted. */
const SHOWN = 10;
const CELL_CHARACTERS = 24;

/** With a table of the jobs that are meant; `remedy` where an id alone is not enough. */
export function ambiguous(text: string, jobs: readonly Job[], remedy?: string): AmbiguousError {
  const titles = ["ID", "NAME", "REF", "USER", "STATE", "STARTED"];
  const rows = [titles, ...jobs.slice(0, SHOWN).map(cellsOf)];
  const widths = titles.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  );
  const more = jobs.length > SHOWN ? [`and ${jobs.length - SHOWN} more`] : [];
  return new AmbiguousError(text, jobs.length, { lines: [...lines, ...more], remedy });
}

function cellsOf(job: Job): string[] {
  const { spec, phase } = job;
  const startedMs = runningFacts(job)?.startedAtMs ?? spec.createdAtMs;
  const state = phase.state === "ended" ? phase.reason : phase.state;
  return [spec.id, cell(spec.name), cell(spec.ref ?? MISSING), spec.user, state, localTime(startedMs)];
}

function cell(text: string): string {
  const shown = printable(text);
  return shown.length > CELL_CHARACTERS ? `${shown.slice(0, CELL_CHARACTERS - 1)}…` : shown;
}
