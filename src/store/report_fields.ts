/** What a report reads of each job, as SQL over the table `jobs` (schema.ts), by the names that the figures have in CSV. */
import { EXIT } from "../base/errors.ts";
import { LIMIT_ROWS } from "../job/limits.ts";
import type { FigureKey } from "../job/figures.ts";
import { cpuWithinSql } from "./cpu_within.ts";
import { CPU_PERCENT_COLUMN, HOST_COLUMN } from "./reported_row.ts";
import { USAGE_COLUMNS } from "./rows.ts";

/** When the job began to run, or was recorded, if it never ran. */
export const STARTED_SQL = "coalesce(started_at_ms, created_at_ms)";
/** So far, for a job that is not ended: as its node told it (reported_row.ts), or by the clock. */
const WALL_SQL =
  `CASE WHEN state = 'ended' OR wall_ms IS NOT NULL OR state = 'queued' THEN wall_ms WHEN :now > ${STARTED_SQL} THEN :now - ${STARTED_SQL} ELSE 0 END`;
/** One of END_REASONS, or the state of a job that is not ended. */
export const REASON_SQL = "CASE WHEN state = 'ended' THEN reason ELSE state END";
/** What `corral run` returned, as runExitCode() of job/outcome.ts has it; NULL where no process saw it. The JSON keeps code and signal apart. */
const EXIT_SQL = `CASE WHEN state <> 'ended' THEN NULL
  WHEN reason = 'timeout' THEN ${EXIT.TIMEOUT}
  WHEN reason IN ('unkillable', 'lost') THEN ${EXIT.CORRAL_FAILED}
  WHEN reason = 'failed-to-start' THEN coalesce(nullif(exit_code, 0), ${EXIT.CORRAL_FAILED})
  ELSE coalesce(exit_code, ${EXIT.SIGNAL_BASE} + exit_signal) END`;
/** 1 for a command that could not be started: no job that failed. */
export const NEVER_STARTED_SQL = "reason IS 'failed-to-start'";
/** 1 for a job that is not ended. */
export const LIVE_SQL = "state <> 'ended'";
/** A number of the runtime is a REAL, which is written with a point. */
const [FROM, TO, NOW] = ["from", "to", "now"].map((name) => `CAST(:${name} AS INTEGER)`);
/** The part of that between `:from` and `:to`. */
const WALL_WITHIN_SQL =
  `CASE WHEN ${STARTED_SQL} >= ${FROM} AND coalesce(ended_at_ms, :now) <= ${TO} THEN ${WALL_SQL}
  WHEN ${WALL_SQL} IS NULL THEN NULL
  ELSE max(0, min(coalesce(ended_at_ms, ${NOW}), ${TO}) - max(${STARTED_SQL}, ${FROM})) END`;
/** Figures that are cut to the time between the two. */
export const CUT_FIGURES = ["cpuUsageUsec", "cpuUserUsec", "cpuSystemUsec"] as const;

/** From which sources fields are read. */
export interface FieldSources {
  /** `:live` has the figures of live jobs: JSON, by the id and the name of the figure. */
  hasLive: boolean;
  /** Only what lies between `:from` and `:to` counts (`--truncate`). */
  isTruncated: boolean;
  /** Rows of many nodes (merged_store.ts), each with its host and the shares that its node reckoned. */
  isMerged: boolean;
}

const RECORDED: FieldSources = { hasLive: false, isTruncated: false, isMerged: false };

function figureSql(column: string, key: FigureKey, sources: FieldSources): string {
  const whole = wholeSql(column, key, sources);
  if (!sources.isTruncated || !(CUT_FIGURES as readonly FigureKey[]).includes(key)) return whole;
  const total = wholeSql("jobs.cpu_usage_usec", "cpuUsageUsec", sources);
  const within = cpuWithinSql({ total, wall: WALL_SQL, started: STARTED_SQL, from: FROM!, to: TO! });
  if (key === "cpuUsageUsec") return `CAST(${within} + 0.5 AS INTEGER)`;
  // The samples do not keep the two apart: each has the same part as the sum of both.
  return `coalesce(CAST((${whole}) * (${within}) / nullif(${total}, 0) + 0.5 AS INTEGER), ${whole})`;
}

function wholeSql(column: string, key: FigureKey, { hasLive }: Pick<FieldSources, "hasLive">): string {
  return hasLive
    ? `CASE WHEN state = 'ended' THEN ${column} ELSE coalesce(json_extract(:live, '$.' || id || '.${key}'), ${column}) END`
    : column;
}

/** Share of the CPU time that its quota, or else the node, could have given it. */
export function cpuPercentSql({ hasLive, isMerged }: FieldSources): string {
  if (isMerged) return CPU_PERCENT_COLUMN;
  const cpu = wholeSql("cpu_usage_usec", "cpuUsageUsec", { hasLive });
  const wall = hasLive ? `nullif(${WALL_SQL}, 0)` : "wall_ms";
  return tenths(`(${cpu}) / 10.0 / (${wall}) / coalesce(limits ->> '$.cpuMaxCores', :cores)`);
}

/** Share of its memory limit. */
export function memoryPercentSql(sources: FieldSources): string {
  const peak = figureSql("memory_peak_bytes", "memoryPeakBytes", sources);
  return tenths(`100.0 * (${peak}) / (limits ->> '$.memoryMaxBytes')`);
}

/** To one decimal; round() goes through a text, which takes most of the time of a whole row. */
function tenths(sql: string): string {
  return `CAST(10 * ${sql} + 0.5 AS INTEGER) / 10.0`;
}

/** The node. */
const hostSql = ({ isMerged }: FieldSources) => isMerged ? HOST_COLUMN : ":host";

const startedSql = ({ isTruncated }: FieldSources) =>
  isTruncated ? `max(${STARTED_SQL}, ${FROM})` : STARTED_SQL;
const endedSql = ({ isTruncated }: FieldSources) => isTruncated ? `min(ended_at_ms, ${TO})` : "ended_at_ms";

/** No limit that corral records: a record that has it was damaged. */
const INFINITE = "9e999";

/** `:cores` is the number of the node's CPUs, `:now` the time in milliseconds, `:host` the name of the node. */
const fields = (sources: FieldSources): ReadonlyMap<string, string> =>
  new Map([
    ...USAGE_COLUMNS.map(([column, key]) => [key, figureSql(column, key, sources)] as const),
    ...LIMIT_ROWS.map(({ key }) => [key, `nullif(limits ->> '$.${key}', ${INFINITE})`] as const),
    ["id", "id"],
    ["name", "name"],
    ["ref", "ref"],
    ["user", "user"],
    ["startedLocalTime", startedSql(sources)],
    ["endedLocalTime", endedSql(sources)],
    ["startedUtc", startedSql(sources)],
    ["endedUtc", endedSql(sources)],
    ["host", hostSql(sources)],
    ["wallMs", sources.isTruncated ? WALL_WITHIN_SQL : WALL_SQL],
    ["cpuPercent", cpuPercentSql(sources)],
    ["memoryPercent", memoryPercentSql(sources)],
    ["reason", REASON_SQL],
    ["exitStatus", EXIT_SQL],
    ["signal", "exit_signal"],
    ["timeoutMs", "timeout_ms"],
    ["backend", "backend"],
    ["pool", "pool"],
    ["queuedMs", "queued_ms"],
  ]);

/** A few are read of each report. */
const known = new Map<string, ReadonlyMap<string, string>>();

/** The SQL of one field. */
export function fieldSql(name: string, sources = RECORDED): string {
  const key = `${sources.hasLive} ${sources.isTruncated} ${sources.isMerged}`;
  if (!known.has(key)) known.set(key, fields(sources));
  const sql = known.get(key)!.get(name);
  if (sql === undefined) throw new Error(`no field of a report is named ${name}`);
  return sql;
}

/** The SQL of several fields as one text, with commas between them; an unknown value is empty. */
export function joinedSql(names: readonly string[], sources = RECORDED): string {
  // `%s` of NULL is empty.
  return `format('${names.map(() => "%s").join(",")}', ${
    names.map((name) => fieldSql(name, sources)).join(", ")
  })`;
}

/** What jobs may have in common, besides a tag. */
export const GROUP_KEYS = ["name", "user", "reason", "day", "host"] as const;

/** One of GROUP_KEYS, or a tag by its key. */
export type GroupKey = (typeof GROUP_KEYS)[number] | `tag:${string}`;

/** Jobs without the tag have this in common. */
const NO_TAG = "-";

/** What jobs have in common, as SQL. A day is made of the start in the view, which knows the time zone. */
export function groupSql(by: GroupKey, sources = RECORDED): string {
  if (by === "host") return hostSql(sources);
  return GROUP_SQL[by as keyof typeof GROUP_SQL] ?? `coalesce(tags ->> :tag, '${NO_TAG}')`;
}

const GROUP_SQL = {
  name: "name",
  user: "user",
  reason: REASON_SQL,
  day: STARTED_SQL,
} as const;

/** The parameter `:tag` of groupSql(). A key holds no quote (value/tag.ts), but maybe a dot. */
export function tagParameter(by: GroupKey): Record<string, string> {
  return by.startsWith("tag:") ? { tag: `$."${by.slice("tag:".length)}"` } : {};
}
