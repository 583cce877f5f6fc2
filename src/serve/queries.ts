/** Reads what a page asks with: queries and the body of a change. Everything else is refused. Pure. */
import { CorralError, UsageError } from "../base/errors.ts";
import { quoted } from "../base/text.ts";
import type { Change, Verb } from "./feed.ts";
import type { EndedQuery } from "./source.ts";

const VERBS: readonly Verb[] = ["kill", "freeze", "thaw", "set-timeout", "set-memory"];
const WITH_VALUE: readonly Verb[] = ["set-timeout", "set-memory"];
const MOST_CHARACTERS = 256;
/** Ids are six characters; the page's may name the store as well. */
const JOB_ID = /^[\w.:@-]{1,64}$/;

/** Throws UsageError. */
export function courseQuery(query: URLSearchParams): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = [momentIn(query, "from"), momentIn(query, "to")];
  if (fromMs === null || toMs === null || fromMs >= toMs) {
    throw new UsageError("from and to: give two moments, the earlier one first");
  }
  return { fromMs, toMs };
}

/** Throws UsageError. */
export function endedQuery(query: URLSearchParams): EndedQuery {
  return {
    sinceMs: momentIn(query, "since"),
    untilMs: momentIn(query, "until"),
    search: textIn(query, "search"),
    reason: textIn(query, "reason"),
    cursor: textIn(query, "cursor"),
  };
}

/** Throws UsageError. */
export function effectQuery(query: URLSearchParams): { jobId: string; verb: Verb } {
  return { jobId: jobIdFrom(query.get("job")), verb: verbFrom(query.get("verb")) };
}

/** Throws UsageError. */
export function changeOf(body: string): Change {
  const { jobId, verb, value } = Object(parsed(body)) as Record<string, unknown>;
  const change = { jobId: jobIdFrom(jobId), verb: verbFrom(verb) };
  if (!WITH_VALUE.includes(change.verb)) {
    if (change.verb === "kill" && (value === "orderly" || value === "now")) return { ...change, value };
    if (value !== undefined) throw new UsageError(`${change.verb} takes no value`);
    return change;
  }
  if (typeof value !== "string" || value === "" || value.length > MOST_CHARACTERS) {
    throw new UsageError(`${change.verb} needs a value`);
  }
  return { ...change, value };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new UsageError("the body is no JSON");
  }
}

function jobIdFrom(value: unknown): string {
  if (typeof value === "string" && JOB_ID.test(value)) return value;
  throw new CorralError("the id of a job is missing");
}

function verbFrom(value: unknown): Verb {
  const verb = VERBS.find((known) => known === value);
  if (verb === undefined) throw new UsageError(`a verb is one of ${VERBS.join(", ")}`);
  return verb;
}

/** Milliseconds since the epoch; null when it is not asked for. */
function momentIn(query: URLSearchParams, key: string): number | null {
  const value = textIn(query, key);
  if (value === null) return null;
  if (!/^\d{1,15}$/.test(value)) {
    throw new UsageError(`${key}: ${quoted(value)} is no number of milliseconds`);
  }
  return Number(value);
}

function textIn(query: URLSearchParams, key: string): string | null {
  const value = query.get(key);
  if (value === null || value === "") return null;
  if (value.length > MOST_CHARACTERS) throw new UsageError(`${key}: at most ${MOST_CHARACTERS} characters`);
  return value;
}
