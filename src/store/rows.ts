/** From a row of `jobs` to a Job. A row that makes no sense is a DamagedRow that names it, not a crash. */
import type { SQLInputValue } from "node:sqlite";
import type { Parameters, Row, Statement } from "./database.ts";
import { StoreError } from "../base/errors.ts";
import type { Exit, Identity, Job, Phase, QueueFacts, RunningFacts, Watch } from "../job/job.ts";
import { type FigureKey, FIGURES, MEMORY_KINDS, type MemoryKind } from "../job/figures.ts";
import { type MemorySplit, splitOf, type Usage } from "../job/usage.ts";
import {
  argvOf,
  backendNameOf,
  dateMs,
  healthSpecOf,
  healthStateOf,
  idOf,
  ioDevicesOf,
  limitsFromJson,
  onEndOf,
  outputPathOf,
  poolNameOf,
  present,
  reasonOf,
  receiptPlaceOf,
  signalOf,
  slurmJobOf,
  survivorsOf,
  tagsOf,
} from "./columns.ts";

/** The columns of `jobs` (schema.ts). */
export interface JobRow {
  id: string;
  name: string;
  ref: string | null;
  tags: string;
  argv: string;
  user: string;
  uid: number;
  cwd: string;
  limits: string;
  timeout_ms: number | null;
  cpu_time_ms: number | null;
  grace_ms: number;
  first_signal: string;
  backend: string | null;
  created_at_ms: number;
  boot_id: string | null;
  supervisor_pid: number | null;
  supervisor_start_ticks: number | null;
  pid_namespace: number | null;
  receipt: string | null;
  wait_all: number;
  output_file: string | null;
  on_end: string | null;
  on_end_at_ms: number | null;
  health: string | null;
  health_state: string | null;
  slurm_job: number | null;
  slurm_step: string | null;
  slurm_restarts: number | null;
  pool: string | null;
  priority: number;
  requeue: number;
  queued_boot_ms: number | null;
  queued_boot_id: string | null;
  queued_ms: number | null;
  admitted_boot_ms: number | null;
  admitted_boot_id: string | null;
  failed_starts: number;
  passed_by: number;
  ticket: string | null;
  adopted: number;
  owner_strikes: number;
  state: string;
  pid: number | null;
  pid_start_ticks: number | null;
  pgid: number | null;
  cgroup_path: string | null;
  cgroup_inode: number | null;
  started_at_ms: number | null;
  started_boot_ms: number | null;
  deadline_boot_ms: number | null;
  ending_at_ms: number | null;
  ending_boot_ms: number | null;
  ended_at_ms: number | null;
  reason: string | null;
  trigger_reason: string | null;
  exit_code: number | null;
  exit_signal: number | null;
  survivors: string;
  [usageColumn: string]: string | number | null;
}

/** Column and key of every figure of Usage that is one number. */
export const USAGE_COLUMNS: readonly (readonly [column: string, key: FigureKey])[] = FIGURES
  .map(({ key }) => [columnOf(key), key]);

function columnOf(key: FigureKey): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Column and kind of the peaks of memory by kind. */
export const PEAK_COLUMNS: readonly (readonly [column: string, kind: MemoryKind])[] = MEMORY_KINDS
  .map(({ kind, key }) => [columnOf(key), kind]);

/** Column of the list of devices: JSON of IoDevice[]. */
export const IO_DEVICES_COLUMN = "io_devices";

/** The columns of all that is kept of a usage, and its values in the same order; of no usage, nulls. */
export const USAGE_SQL = {
  columns: [...USAGE_COLUMNS.map(([column]) => column), IO_DEVICES_COLUMN],
  values: (usage: Usage | null): (number | string | null)[] => [
    ...USAGE_COLUMNS.map(([, key]) => usage?.[key] ?? null),
    usage === null || usage.ioDevices === null ? null : JSON.stringify(usage.ioDevices),
  ],
};

/** The peaks by kind that were recorded so far, also of a job that has not ended. */
export function splitFromRow(row: JobRow): MemorySplit {
  return splitOf((_, key) => row[columnOf(key)] as number | null);
}

/** Column of a store that holds several users' jobs (gathered_store.ts): the uid of the one whose it is. */
export const OWNER_COLUMN = "store_uid";

/** Runs a SELECT of whole rows. */
export function readRows(statement: Statement, values: SQLInputValue[]): JobRow[] {
  return allOf(statement, values) as unknown as JobRow[];
}

/** The rows, objects or arrays. A number beyond 2^53, which corral never writes, loses its last digits instead of making all unreadable. */
export function allOf(statement: Statement, values: Parameters): Row[] {
  try {
    return statement.all(...values);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    statement.setReadBigInts(true);
    const rows = statement.all(...values);
    statement.setReadBigInts(false);
    return rows.map(withoutBigInts);
  }
}

function withoutBigInts(row: Row): Row {
  const plain = (value: Row[string]) => typeof value === "bigint" ? Number(value) : value;
  if (Array.isArray(row)) return row.map(plain) as unknown as Row;
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

/** One row that cannot be a job. The others can still be read. */
export class DamagedRow extends StoreError {
  /** @param id of the row, whatever it says */
  constructor(readonly id: string, path: string, cause: unknown) {
    super(`the row of job ${JSON.stringify(id)} is damaged`, { path, cause });
  }
}

/** Throws DamagedRow. */
export function jobFromRow(row: JobRow, storePath: string): Job {
  try {
    const owner = row[OWNER_COLUMN];
    return {
      spec: specFromRow(row),
      watch: watchFromRow(row),
      phase: phaseFromRow(row),
      ...(row.health_state == null ? {} : { health: healthStateOf(row.health_state) }),
      ...(typeof owner === "number" && owner !== 0 ? { storeUid: owner } : {}),
    };
  } catch (cause) {
    throw new DamagedRow(row.id, storePath, cause);
  }
}

function specFromRow(row: JobRow): Job["spec"] {
  return {
    id: idOf(row.id),
    name: row.name,
    ref: row.ref,
    tags: tagsOf(row.tags),
    argv: argvOf(row.argv),
    user: row.user,
    uid: row.uid,
    cwd: row.cwd,
    limits: limitsFromJson(row.limits),
    timeoutMs: row.timeout_ms,
    cpuTimeMs: row.cpu_time_ms ?? null,
    graceMs: row.grace_ms,
    signal: signalOf(row.first_signal),
    createdAtMs: dateMs(row.created_at_ms, "created_at_ms"),
    adopted: row.adopted !== 0,
    ...(row.wait_all === 0 ? {} : { waitAll: true as const }),
    ...(row.on_end == null ? {} : { onEnd: onEndOf(row.on_end) }),
    ...(row.health == null ? {} : { health: healthSpecOf(row.health) }),
    ...(row.pool == null
      ? {}
      : { pool: { name: poolNameOf(row.pool), priority: row.priority, requeue: row.requeue } }),
  };
}

/** Of a queued job the same columns have the process that waits. */
function identityFromRow(row: JobRow): Identity {
  return {
    pid: present(row.supervisor_pid, "supervisor_pid"),
    startTicks: present(row.supervisor_start_ticks, "supervisor_start_ticks"),
    bootId: present(row.boot_id, "boot_id"),
    pidNamespace: row.pid_namespace,
  };
}

/** Only a job of a pool can have none. */
function watchFromRow(row: JobRow): Watch | null {
  if (row.pool != null && row.backend === null) return null;
  return {
    supervisor: identityFromRow(row),
    backend: backendNameOf(present(row.backend, "backend")),
    ...(row.queued_ms == null ? {} : { queuedMs: row.queued_ms }),
    ...(row.receipt == null ? {} : { receipt: receiptPlaceOf(row.receipt) }),
    ...(row.slurm_job == null ? {} : { slurm: slurmJobOf(row.slurm_job, row) }),
  };
}

function phaseFromRow(row: JobRow): Phase {
  const run = runFromRow(row);
  switch (row.state) {
    case "queued":
      return { state: "queued", queue: queueFromRow(row) };
    case "starting":
      return { state: "starting" };
    case "running":
      return { state: "running", run: present(run, "pid") };
    case "ending":
      return {
        state: "ending",
        run,
        reason: reasonOf(row.reason, "reason"),
        endingAtMs: dateMs(row.ending_at_ms, "ending_at_ms"),
        endingBootMs: row.ending_boot_ms,
      };
    case "ended":
      return {
        state: "ended",
        run,
        reason: reasonOf(row.reason, "reason"),
        trigger: reasonOf(row.trigger_reason ?? row.reason, "trigger_reason"),
        exit: exitFromRow(row),
        endedAtMs: dateMs(row.ended_at_ms, "ended_at_ms"),
        usage: usageFromRow(row),
        survivors: survivorsOf(row.survivors),
      };
    default:
      throw new Error(`unknown state ${JSON.stringify(row.state)}`);
  }
}

function queueFromRow(row: JobRow): QueueFacts {
  return {
    queuedBootMs: present(row.queued_boot_ms, "queued_boot_ms"),
    bootId: present(row.queued_boot_id, "queued_boot_id"),
    admittedBootMs: row.admitted_boot_ms,
    failedStarts: row.failed_starts,
    passedBy: row.passed_by,
    waiter: row.supervisor_pid === null ? null : identityFromRow(row),
  };
}

function runFromRow(row: JobRow): RunningFacts | null {
  if (row.pid === null) return null;
  return {
    pid: row.pid,
    startTicks: present(row.pid_start_ticks, "pid_start_ticks"),
    pgid: present(row.pgid, "pgid"),
    cgroup: {
      path: present(row.cgroup_path, "cgroup_path"),
      inode: present(row.cgroup_inode, "cgroup_inode"),
    },
    startedAtMs: dateMs(row.started_at_ms, "started_at_ms"),
    startedBootMs: present(row.started_boot_ms, "started_boot_ms"),
    deadlineBootMs: row.deadline_boot_ms,
    ...(row.output_file == null ? {} : { outputFile: outputPathOf(row.output_file) }),
  };
}

function exitFromRow(row: JobRow): Exit {
  return { code: row.exit_code, signal: row.exit_signal };
}

/** What the row has of it; null without a figure. */
export function usageFromRow(row: JobRow): Usage | null {
  const figures = USAGE_COLUMNS.map(([column, key]) => [key, row[column] ?? null] as const);
  if (figures.every(([, value]) => value === null)) return null;
  const ioDevices = ioDevicesOf(row[IO_DEVICES_COLUMN] as string | null);
  return { ...Object.fromEntries(figures), ioDevices } as unknown as Usage;
}

/** Receives a row that cannot be read as a job. */
export type OnDamage = (damage: DamagedRow) => void;

/** The row makes the call fail. */
export function rethrow(damage: DamagedRow): never {
  throw damage;
}
