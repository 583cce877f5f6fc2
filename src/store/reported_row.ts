/** From the JSON of a job, as `corral report --format jsonl` of any node prints it (job/json.ts), back to a row of `jobs`: input like any other, nothing of it is believed. */
import type { SQLInputValue } from "node:sqlite";
import { LIMIT_ROWS } from "../job/limits.ts";
import { isJobId } from "../value/id.ts";
import { parseSignal } from "../value/signal.ts";
import { checkTimes } from "./gathered_store.ts";
import { IO_DEVICES_COLUMN, jobFromRow, type JobRow, USAGE_COLUMNS } from "./rows.ts";

/** Column of a store that holds many nodes' jobs: the node. */
export const HOST_COLUMN = "host";
/** Another one: a share that only the node could reckon. */
export const CPU_PERCENT_COLUMN = "cpu_percent";

/** A row by its columns. */
export type ReportedRow = Record<string, SQLInputValue>;

type Json = Readonly<Record<string, unknown>>;

/** As host names are, hostname(7). */
const HOST = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,253}[A-Za-z0-9_])?$/;
const MOST_UID = 2 ** 32 - 2;
const MOST_PERCENT = 1e9;

/** True for a name that a node can have. */
export const isHostName = (text: string): boolean => HOST.test(text);

/** The row, of `host`. Throws an Error that names what cannot be. */
export function reportedRow(json: Json, host: string, nowMs: number): ReportedRow {
  const id = text(json, "id");
  if (!isJobId(id)) throw new Error(`id cannot be ${JSON.stringify(id.slice(0, 40))}`);
  const row: ReportedRow = {
    ...specColumns(json, id),
    ...phaseColumns(json),
    ...usageColumns(objectAt(json, "usage")),
    [CPU_PERCENT_COLUMN]: numberWithin(json, "cpuPercent", MOST_PERCENT),
    [HOST_COLUMN]: host,
  };
  checkTimes(row, nowMs);
  jobFromRow(row as JobRow, host);
  return row;
}

function specColumns(json: Json, id: string): ReportedRow {
  return {
    id,
    name: text(json, "name"),
    ref: optionalText(json, "ref"),
    user: text(json, "user"),
    uid: numberWithin(json, "uid", MOST_UID) ?? missing("uid"),
    cwd: text(json, "cwd"),
    argv: JSON.stringify(json["command"] ?? null),
    tags: JSON.stringify(json["tags"] ?? {}),
    limits: JSON.stringify(limitsOf(objectAt(json, "limits"))),
    adopted: json["adopted"] === true ? 1 : 0,
    timeout_ms: count(json, "timeoutMs"),
    grace_ms: count(json, "graceMs") ?? 0,
    first_signal: text(json, "firstSignal"),
    backend: text(json, "backend"),
    created_at_ms: time(json, "createdAt") ?? missing("createdAt"),
    supervisor_pid: count(json, "supervisorPid") ?? 0,
    // What only the node itself can make use of is in no report.
    ...{ supervisor_start_ticks: 0, boot_id: "", wait_all: 0, owner_strikes: 0 },
  };
}

function phaseColumns(json: Json): ReportedRow {
  const state = text(json, "state");
  const hasRun = json["pid"] != null;
  const createdAtMs = time(json, "createdAt");
  const signal = optionalText(json, "signal");
  return {
    state,
    reason: optionalText(json, "reason"),
    trigger_reason: optionalText(json, "trigger"),
    exit_code: count(json, "exitCode"),
    exit_signal: signal === null ? null : parseSignal(signal).number,
    pid: count(json, "pid"),
    pgid: count(json, "pgid"),
    cgroup_path: optionalText(json, "cgroupPath"),
    cgroup_inode: count(json, "cgroupInode"),
    output_file: optionalText(json, "outputFile"),
    started_at_ms: time(json, "startedAt"),
    pid_start_ticks: hasRun ? 0 : null,
    started_boot_ms: hasRun ? 0 : null,
    ending_at_ms: state === "ending" ? createdAtMs : null,
    ended_at_ms: time(json, "endedAt"),
    survivors: JSON.stringify(json["survivors"] ?? []),
  };
}

function usageColumns(usage: Json): ReportedRow {
  const figures = USAGE_COLUMNS.map(([column, key]) => [column, count(usage, key)] as const);
  const devices = usage["ioDevices"] ?? null;
  return {
    ...Object.fromEntries(figures),
    [IO_DEVICES_COLUMN]: devices === null ? null : JSON.stringify(devices),
  };
}

/** The ones that this corral knows; a newer one has others. */
function limitsOf(limits: Json): Record<string, number | null> {
  return Object.fromEntries(
    LIMIT_ROWS.map(({ key }) => [key, numberWithin(limits, key, Number.MAX_SAFE_INTEGER)]),
  );
}

function missing(key: string): never {
  throw new Error(`${key} is missing`);
}

function refuse(key: string, value: unknown): never {
  throw new Error(`${key} cannot be ${(JSON.stringify(value) ?? "").slice(0, 40)}`);
}

function objectAt(json: Json, key: string): Json {
  const value = json[key] ?? {};
  return typeof value === "object" && !Array.isArray(value) ? value as Json : refuse(key, value);
}

function optionalText(json: Json, key: string): string | null {
  const value = json[key] ?? null;
  return value === null || typeof value === "string" ? value : refuse(key, value);
}

function text(json: Json, key: string): string {
  return optionalText(json, key) ?? missing(key);
}

function count(json: Json, key: string): number | null {
  const value = numberWithin(json, key, Number.MAX_SAFE_INTEGER);
  return value === null || Number.isInteger(value) ? value : refuse(key, value);
}

/** A number from 0 on; null where it is not known. */
function numberWithin(json: Json, key: string, most: number): number | null {
  const value = json[key] ?? null;
  if (value === null) return null;
  return typeof value === "number" && value >= 0 && value <= most ? value : refuse(key, value);
}

/** ISO 8601 as Date writes it. */
function time(json: Json, key: string): number | null {
  const value = optionalText(json, key);
  if (value === null) return null;
  const ms = value.length <= 32 && /^[-+\d]\d+-\d\d-\d\dT/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? refuse(key, value) : ms;
}
