/** From the filters of `corral report` to SQL. Everything that was typed is a parameter of the statement, never a part of it. */
import type { SQLInputValue } from "node:sqlite";
import type { Tag } from "../value/tag.ts";
import type { RowQuery } from "./pages.ts";
import type { Usage } from "../job/usage.ts";
import { FAILED_SQL } from "./failed_sql.ts";
import { type FieldSources, fieldSql, REASON_SQL } from "./report_fields.ts";

/** Which jobs, and the moment and node they are seen from. Null means any, or unknown. */
export interface ReportFilter {
  /** Jobs that ran at some time between these moments: milliseconds since the epoch. */
  sinceMs: number | null;
  untilMs: number | null;
  /** A pattern of SQLite's GLOB. */
  nameGlob: string | null;
  ref: string | null;
  /** A name, or the digits of a uid. */
  user: string | null;
  /** An end reason, or the state of a job that is not ended. */
  reason: string | null;
  /** A job has to have all of them. */
  tags: readonly Tag[];
  nowMs: number;
  /** CPUs of the node. */
  cores: number | null;
  /** Name of the node. */
  host: string;
  /** What live jobs have used so far, by their ids. */
  live: ReadonlyMap<string, Usage>;
  /** Only what lies between the two moments counts. */
  isTruncated: boolean;
  /** The store has the rows of many nodes. */
  isMerged?: true;
  /** Only endings with numbers from behind the first to the second one, in their order. */
  endings?: { readonly after: number; readonly upTo: number };
  /** Only jobs that are not ended. */
  isLiveOnly?: true;
  /** Only jobs that ended otherwise than by exiting with 0. */
  isFailedOnly?: true;
}

/** From where the fields of the filter's jobs are read. */
export function sourcesOf({ live, isTruncated, isMerged }: ReportFilter): FieldSources {
  return { hasLive: live.size > 0, isTruncated, isMerged: isMerged ?? false };
}

/** Which rows first, and how many. Null: by their start, all of them. */
export interface RowOrder {
  by: { readonly field: string; readonly isDescending: boolean } | null;
  limit: number | null;
}

const NO_ORDER: RowOrder = { by: null, limit: null };

/** Rows of the values of `select`. */
export function valueRows(
  select: readonly string[],
  filter: ReportFilter,
  order = NO_ORDER,
  more: Record<string, string> = {},
): RowQuery {
  const { values, ...rows } = rowsOf(filter, order);
  return { ...rows, values: { ...values, ...more }, select };
}

function rowsOf(filter: ReportFilter, order: RowOrder): Omit<RowQuery, "select"> {
  const { sinceMs, untilMs, nameGlob, ref, user, reason, tags, nowMs, cores } = filter;
  const conditions: string[] = [];
  const values: Record<string, SQLInputValue> = {
    ...{ now: nowMs, cores, host: filter.host },
    ...(filter.live.size === 0 ? {} : { live: JSON.stringify(Object.fromEntries(filter.live)) }),
    ...(filter.isTruncated ? { from: sinceMs ?? 0, to: untilMs ?? nowMs } : {}),
  };
  const where = (condition: string, name: string, value: SQLInputValue | null) => {
    if (value === null) return;
    conditions.push(condition);
    values[name] = value;
  };
  // Two searches of one index (jobs_ended). The + keeps SQLite from another index, with which it would look at every row.
  where("(ended_at_ms >= :since OR ended_at_ms IS NULL)", "since", sinceMs);
  where(`${sinceMs === null ? "" : "+"}created_at_ms < :until`, "until", untilMs);
  where(isPattern(nameGlob) ? "name GLOB :name" : "name = :name", "name", nameGlob);
  where("ref = :ref", "ref", ref);
  where(isUid(user) ? "(user = :user OR uid = CAST(:user AS INTEGER))" : "user = :user", "user", user);
  where(`${REASON_SQL} = :reason`, "reason", reason);
  for (const [index, { key, value }] of tags.entries()) {
    where(`tags ->> :key${index} = :value${index}`, `value${index}`, value);
    // In quotes: a key may hold a dot. It holds no quote (value/tag.ts).
    values[`key${index}`] = `$."${key}"`;
  }
  // The first is the condition of the index of live jobs.
  if (filter.isLiveOnly) conditions.push("(state <> 'ended' OR survivors <> '[]')", "state <> 'ended'");
  if (filter.endings !== undefined) {
    conditions.push("ended_seq > :after AND ended_seq <= :up_to AND state = 'ended'");
    Object.assign(values, { after: filter.endings.after, up_to: filter.endings.upTo });
  }
  if (filter.isFailedOnly) conditions.push(FAILED_SQL);
  const filtered = conditions.length === 0 ? null : conditions.join(" AND ");
  const place = filter.isMerged ? { isOnDisk: true as const } : {};
  return { where: filtered, order: orderSql(filter, order), limit: order.limit, values, ...place };
}

/** Null for the order in which they were recorded, where no other index than that of this order finds them sooner. */
function orderSql(filter: ReportFilter, { by }: RowOrder): string | null {
  const { sinceMs, nameGlob, ref, isLiveOnly, endings } = filter;
  if (endings !== undefined) return "ended_seq";
  if (by === null) {
    if (sinceMs !== null || isLiveOnly) return "+created_at_ms, rowid";
    return nameGlob === null && ref === null ? null : "created_at_ms, rowid";
  }
  // What is not known comes last either way.
  return `${fieldSql(by.field, sourcesOf(filter))} ${
    by.isDescending ? "DESC" : "ASC"
  } NULLS LAST, created_at_ms, rowid`;
}

function isPattern(nameGlob: string | null): boolean {
  return nameGlob !== null && /[*?[]/.test(nameGlob);
}

function isUid(user: string | null): boolean {
  return user !== null && /^\d+$/.test(user);
}
