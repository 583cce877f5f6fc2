/** The changes of a job's state, as statements that run inside a transaction of the store's. Each leaves an event. */
import type { SQLInputValue } from "node:sqlite";
import type { HealthSpec, HealthState } from "../job/health.ts";
import type { EndReason, Identity, JobSpec, Limits, PoolPlace, RunningFacts, Watch } from "../job/job.ts";
import type { Ending, Moment, StoredEvent } from "../job/events.ts";
import { USAGE_SQL } from "./rows.ts";
import type { Ticket } from "../job/ticket.ts";
import { replaceSamples, type Run } from "./samples.ts";

/** A transaction, and the command that writes it. */
export interface Writing {
  run: Run;
  actor: string;
}

/** Adds one event. */
export function addEvent({ run, actor }: Writing, id: string, event: Omit<StoredEvent, "actor">): void {
  run(
    "INSERT INTO events (job_id, at_ms, actor, kind, detail) VALUES (?, ?, ?, ?, ?)",
    id,
    event.atMs,
    actor,
    event.kind,
    JSON.stringify(event.detail),
  );
}

type Columns = Readonly<Record<string, SQLInputValue>>;

/** Inserts a job; the names of the columns are corral's own. */
function insertRow({ run }: Writing, columns: Columns): void {
  const names = Object.keys(columns);
  run(
    `INSERT INTO jobs (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    ...Object.values(columns),
  );
}

/** What was asked for. */
function specColumns(spec: JobSpec): Columns {
  return {
    id: spec.id,
    name: spec.name,
    ref: spec.ref,
    tags: JSON.stringify(spec.tags),
    argv: JSON.stringify(spec.argv),
    user: spec.user,
    uid: spec.uid,
    cwd: spec.cwd,
    limits: JSON.stringify(spec.limits),
    timeout_ms: spec.timeoutMs,
    cpu_time_ms: spec.cpuTimeMs,
    grace_ms: spec.graceMs,
    first_signal: spec.signal,
    created_at_ms: spec.createdAtMs,
    wait_all: spec.waitAll ? 1 : 0,
    on_end: spec.onEnd === undefined ? null : JSON.stringify(spec.onEnd),
    health: spec.health === undefined ? null : JSON.stringify(spec.health),
    adopted: spec.adopted ? 1 : 0,
    pool: spec.pool?.name ?? null,
    priority: spec.pool?.priority ?? 0,
    requeue: spec.pool?.requeue ?? 0,
  };
}

/** A process, as the rows have it. */
function identityColumns(process: Identity | null): Columns {
  return {
    boot_id: process?.bootId ?? null,
    supervisor_pid: process?.pid ?? null,
    supervisor_start_ticks: process?.startTicks ?? null,
    pid_namespace: process?.pidNamespace ?? null,
  };
}

/** What the launch found out. */
function watchColumns(watch: Watch): Columns {
  return {
    backend: watch.backend,
    ...identityColumns(watch.supervisor),
    receipt: watch.receipt === undefined ? null : JSON.stringify(watch.receipt),
    slurm_job: watch.slurm?.job ?? null,
    slurm_step: watch.slurm?.step ?? null,
    slurm_restarts: watch.slurm?.restarts ?? null,
  };
}

/** A new job, state `starting`. */
export function insertJob(on: Writing, spec: JobSpec, watch: Watch): void {
  insertRow(on, {
    ...specColumns(spec),
    ...watchColumns(watch),
    queued_ms: watch.queuedMs ?? null,
    state: "starting",
  });
  addEvent(on, spec.id, { atMs: spec.createdAtMs, kind: "starting", detail: {} });
}

/** What a queued job has besides its spec. */
export interface QueuedRow {
  readonly atBootMs: number;
  readonly bootId: string;
  /** The process that waits for its turn; null for a detached job, which has a ticket. */
  readonly waiter: Identity | null;
  readonly ticket: Ticket | null;
}

/** A new job of a pool, state `queued`. */
export function insertQueued(on: Writing, spec: JobSpec & { pool: PoolPlace }, queued: QueuedRow): void {
  insertRow(on, {
    ...specColumns(spec),
    ...identityColumns(queued.waiter),
    queued_boot_ms: queued.atBootMs,
    queued_boot_id: queued.bootId,
    ticket: queued.ticket === null ? null : JSON.stringify(queued.ticket),
    state: "queued",
  });
  addEvent(on, spec.id, { atMs: spec.createdAtMs, kind: "queued", detail: { pool: spec.pool.name } });
}

/** queued and admitted -> starting; false when it has lost its room meanwhile, or has ended. */
export function setStarting(on: Writing, id: string, watch: Watch, at: Moment): boolean {
  const columns = watchColumns(watch);
  const changed = on.run(
    `UPDATE jobs SET state = 'starting', ${Object.keys(columns).map((name) => `${name} = ?`).join(", ")},
       queued_ms = CASE WHEN queued_boot_id = ? THEN max(0, ? - queued_boot_ms) ELSE max(0, ? - created_at_ms) END
     WHERE id = ? AND state = 'queued' AND admitted_boot_ms IS NOT NULL`,
    ...Object.values(columns),
    watch.supervisor.bootId,
    Math.round(at.bootMs),
    at.wallMs,
    id,
  );
  if (changed > 0) addEvent(on, id, { atMs: at.wallMs, kind: "starting", detail: {} });
  return changed > 0;
}

/** starting -> running; false when another process has ended the job meanwhile. `limits`: see JobStore.markRunning(). */
export function setRunning(on: Writing, id: string, facts: RunningFacts, limits: Limits | null): boolean {
  const { run } = on;
  const changed = run(
    `UPDATE jobs SET state = 'running', pid = ?, pid_start_ticks = ?, pgid = ?, cgroup_path = ?, cgroup_inode = ?,
       started_at_ms = ?, started_boot_ms = ?, deadline_boot_ms = ?, output_file = ?, limits = coalesce(?, limits)
     WHERE id = ? AND state = 'starting'`,
    facts.pid,
    facts.startTicks,
    facts.pgid,
    facts.cgroup.path,
    facts.cgroup.inode,
    facts.startedAtMs,
    facts.startedBootMs,
    facts.deadlineBootMs,
    facts.outputFile ?? null,
    limits === null ? null : JSON.stringify(limits),
    id,
  );
  if (changed > 0) {
    addEvent(on, id, {
      atMs: facts.startedAtMs,
      kind: "running",
      detail: { pid: facts.pid, cgroup: facts.cgroup.path },
    });
  }
  return changed > 0;
}

/** -> ended, with the steps that led there; false when another process has ended it already: then an exit that it did not see is added. */
export function setEnded(on: Writing, id: string, ending: Ending, steps: readonly StoredEvent[]): boolean {
  const { run } = on;
  const changed = run(
    `UPDATE jobs SET state = 'ended', reason = ?, trigger_reason = ?, exit_code = ?, exit_signal = ?, ended_at_ms = ?,
       survivors = ?, ${
      USAGE_SQL.columns.map((column) => `${column} = ?`).join(", ")
    } WHERE id = ? AND state <> 'ended'`,
    ending.reason,
    ending.trigger,
    ending.exit.code,
    ending.exit.signal,
    ending.endedAtMs,
    JSON.stringify(ending.survivors),
    ...USAGE_SQL.values(ending.usage),
    id,
  );
  if (changed === 0) addExit(run, id, ending);
  if (changed > 0 && ending.samples !== undefined) replaceSamples(run, id, ending.samples);
  for (const step of steps) addEvent(on, id, step);
  if (changed > 0) {
    addEvent(on, id, { atMs: ending.endedAtMs, kind: "ended", detail: { reason: ending.reason } });
  }
  return changed > 0;
}

/** Only the supervisor sees how the first process leaves, and another may have been quicker with the record. */
function addExit(run: Run, id: string, { exit }: Ending): void {
  if (exit.code === null && exit.signal === null) return;
  run(
    "UPDATE jobs SET exit_code = ?, exit_signal = ? WHERE id = ? AND exit_code IS NULL AND exit_signal IS NULL",
    exit.code,
    exit.signal,
    id,
  );
}

/** starting or running -> ending, unless another process was first. */
export function setEnding(on: Writing, id: string, reason: EndReason, at: Moment): void {
  const { run } = on;
  const changed = run(
    `UPDATE jobs SET state = 'ending', reason = ?, ending_at_ms = ?, ending_boot_ms = ?
     WHERE id = ? AND state IN ('starting', 'running')`,
    reason,
    at.wallMs,
    at.bootMs,
    id,
  );
  if (changed > 0) addEvent(on, id, { atMs: at.wallMs, kind: "ending", detail: { reason } });
}

/** What `corral set` may change of a live job. */
export interface Changes {
  limits: Limits;
  timeoutMs: number | null;
  cpuTimeMs: number | null;
  deadlineBootMs: number | null;
  /** How its health is checked; null for a job without checks. */
  health: HealthSpec | null;
}

/** New limits, of time as well, of a live job; false when it is ending or has ended. */
export function setChanges(on: Writing, id: string, to: Changes, event: StoredEvent): boolean {
  const changed = on.run(
    `UPDATE jobs SET limits = ?, timeout_ms = ?, cpu_time_ms = ?, deadline_boot_ms = ?, health = ?
     WHERE id = ? AND state IN ('starting', 'running')`,
    JSON.stringify(to.limits),
    to.timeoutMs,
    to.cpuTimeMs,
    to.deadlineBootMs,
    to.health === null ? null : JSON.stringify(to.health),
    id,
  );
  if (changed > 0) addEvent(on, id, event);
  return changed > 0;
}

/** What a look at the health of a job found, with what happened to it; nothing for one that does not run, or was looked at later. */
export function setHealth(
  on: Writing,
  id: string,
  state: HealthState,
  events: readonly Omit<StoredEvent, "actor">[],
): void {
  const changed = on.run(
    `UPDATE jobs SET health_state = ?1 WHERE id = ?2 AND state = 'running'
     AND coalesce(json_extract(health_state, '$.atBootMs'), 0) <= ?3`,
    JSON.stringify(state),
    id,
    state.atBootMs,
  );
  if (changed > 0) { for (const event of events) addEvent(on, id, event); }
}
