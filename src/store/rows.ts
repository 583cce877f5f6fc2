/** From a row of `jobs` to a Job. A row that makes no sense is a StoreError that names it, not a crash. */
import { StoreError } from "../errors.ts";
import type { BackendName, EndReason, Exit, Job, Limits, Phase, RunningFacts, Usage } from "../job/job.ts";

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
  grace_ms: number;
  first_signal: string;
  backend: string;
  created_at_ms: number;
  boot_id: string;
  supervisor_pid: number;
  supervisor_start_ticks: number;
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
  reason: EndReason | null;
  trigger_reason: EndReason | null;
  exit_code: number | null;
  exit_signal: number | null;
  survivors: string;
  [usageColumn: string]: string | number | null;
}

/** Column and key of every figure of Usage. */
export const USAGE_COLUMNS: readonly (readonly [column: string, key: keyof Usage])[] = [
  ["wall_ms", "wallMs"],
  ["cpu_usage_usec", "cpuUsageUsec"],
  ["cpu_user_usec", "cpuUserUsec"],
  ["cpu_system_usec", "cpuSystemUsec"],
  ["cpu_periods", "cpuPeriods"],
  ["cpu_throttled_periods", "cpuThrottledPeriods"],
  ["cpu_throttled_usec", "cpuThrottledUsec"],
  ["memory_peak_bytes", "memoryPeakBytes"],
  ["swap_peak_bytes", "swapPeakBytes"],
  ["oom_kills", "oomKills"],
  ["io_read_bytes", "ioReadBytes"],
  ["io_written_bytes", "ioWrittenBytes"],
  ["pids_peak", "pidsPeak"],
];

/** Throws StoreError for a row that cannot be a job. */
export function jobFromRow(row: JobRow, storePath: string): Job {
  try {
    return { spec: specFromRow(row), phase: phaseFromRow(row) };
  } catch (cause) {
    throw damagedRow(row.id, { path: storePath, cause });
  }
}

/** A row that something else than corral has written to. */
export function damagedRow(id: string, at: { path: string; cause: unknown }): StoreError {
  return new StoreError(`the row of job ${JSON.stringify(id)} is damaged`, at);
}

function specFromRow(row: JobRow): Job["spec"] {
  return {
    id: row.id,
    name: row.name,
    ref: row.ref,
    tags: JSON.parse(row.tags) as Record<string, string>,
    argv: JSON.parse(row.argv) as string[],
    user: row.user,
    uid: row.uid,
    cwd: row.cwd,
    limits: JSON.parse(row.limits) as Limits,
    timeoutMs: row.timeout_ms,
    graceMs: row.grace_ms,
    signal: row.first_signal,
    backend: row.backend as BackendName,
    createdAtMs: row.created_at_ms,
    bootId: row.boot_id,
    supervisor: { pid: row.supervisor_pid, startTicks: row.supervisor_start_ticks, bootId: row.boot_id },
    adopted: row.adopted !== 0,
  };
}

function phaseFromRow(row: JobRow): Phase {
  const run = runFromRow(row);
  switch (row.state) {
    case "starting":
      return { state: "starting" };
    case "running":
      return { state: "running", run: present(run, "pid") };
    case "ending":
      return {
        state: "ending",
        run,
        reason: present(row.reason, "reason"),
        endingAtMs: present(row.ending_at_ms, "ending_at_ms"),
        endingBootMs: row.ending_boot_ms,
      };
    case "ended":
      return {
        state: "ended",
        run,
        reason: present(row.reason, "reason"),
        trigger: row.trigger_reason ?? present(row.reason, "reason"),
        exit: exitFromRow(row),
        endedAtMs: present(row.ended_at_ms, "ended_at_ms"),
        usage: usageFromRow(row),
        survivors: JSON.parse(row.survivors),
      };
    default:
      throw new Error(`unknown state ${JSON.stringify(row.state)}`);
  }
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
    startedAtMs: present(row.started_at_ms, "started_at_ms"),
    startedBootMs: present(row.started_boot_ms, "started_boot_ms"),
    deadlineBootMs: row.deadline_boot_ms,
  };
}

function exitFromRow(row: JobRow): Exit {
  return { code: row.exit_code, signal: row.exit_signal };
}

function usageFromRow(row: JobRow): Usage | null {
  const entries = USAGE_COLUMNS.map(([column, key]) => [key, row[column] ?? null] as const);
  return entries.every(([, value]) => value === null)
    ? null
    : Object.fromEntries(entries) as unknown as Usage;
}

function present<T>(value: T | null, column: string): T {
  if (value === null) throw new Error(`${column} is missing`);
  return value;
}
