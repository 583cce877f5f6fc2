/** What a report reads of each job, as SQL over the table `jobs` (schema.ts), by the names that the figures have in CSV. */
import { LIMIT_ROWS } from "../job/limits.ts";
import { USAGE_COLUMNS } from "./rows.ts";

/** When the job began to run, or was recorded, if it never ran. */
export const STARTED_SQL = "coalesce(started_at_ms, created_at_ms)";
/** So far, for a job that is not ended. */
const WALL_SQL =
  `CASE WHEN state = 'ended' THEN wall_ms WHEN :now > ${STARTED_SQL} THEN :now - ${STARTED_SQL} ELSE 0 END`;
/** One of END_REASONS, or the state of a job that is not ended. */
export const REASON_SQL = "CASE WHEN state = 'ended' THEN reason ELSE state END";
/** 1 for an ended job that did not exit with 0. */
export const FAILED_SQL = "(state = 'ended' AND NOT (reason = 'exited' AND exit_code IS 0))";
/** 1 for a job that is not ended. */
export const LIVE_SQL = "state <> 'ended'";
/** Share of the CPU time that its quota, or else the node, could have given it. */
export const CPU_PERCENT_SQL = tenths(
  "cpu_usage_usec / 10.0 / wall_ms / coalesce(limits ->> '$.cpuMaxCores', :cores)",
);
/** Share of its memory limit. */
export const MEMORY_PERCENT_SQL = tenths("100.0 * memory_peak_bytes / (limits ->> '$.memoryMaxBytes')");

/** To one decimal; round() goes through a text, which takes most of the time of a whole row. */
function tenths(sql: string): string {
  return `CAST(10 * ${sql} + 0.5 AS INTEGER) / 10.0`;
}

/** `:cores` is the number of the node's CPUs, `:now` the time in milliseconds. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ...USAGE_COLUMNS.map(([column, key]) => [key, column] as const),
  ...LIMIT_ROWS.map(({ key }) => [key, `limits ->> '$.${key}'`] as const),
  ["id", "id"],
  ["name", "name"],
  ["ref", "ref"],
  ["user", "user"],
  ["startedLocalTime", STARTED_SQL],
  ["endedLocalTime", "ended_at_ms"],
  ["wallMs", WALL_SQL],
  ["cpuPercent", CPU_PERCENT_SQL],
  ["memoryPercent", MEMORY_PERCENT_SQL],
  ["reason", REASON_SQL],
  // As a shell and `corral run` give it; the JSON keeps code and signal apart.
  ["exitStatus", "coalesce(exit_code, 128 + exit_signal)"],
  ["signal", "exit_signal"],
  ["timeoutMs", "timeout_ms"],
  ["backend", "backend"],
]);

/** The SQL of one field. */
export function fieldSql(name: string): string {
  const sql = FIELDS.get(name);
  if (sql === undefined) throw new Error(`no field of a report is named ${name}`);
  return sql;
}

/** The SQL of several fields as one text, with commas between them; an unknown value is empty. */
export function joinedSql(names: readonly string[]): string {
  // `%s` of NULL is empty.
  return `format('${names.map(() => "%s").join(",")}', ${names.map(fieldSql).join(", ")})`;
}

/** What jobs may have in common. */
export const GROUP_KEYS = ["name", "user", "reason", "day"] as const;

/** One of GROUP_KEYS. */
export type GroupKey = (typeof GROUP_KEYS)[number];

/** What jobs have in common, as SQL. A day is made of the start in the view, which knows the time zone. */
export const GROUP_SQL: Record<GroupKey, string> = {
  name: "name",
  user: "user",
  reason: REASON_SQL,
  day: STARTED_SQL,
};
