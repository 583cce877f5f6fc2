/** The queue as the store has it: what waits, what has room, and what an admission pass changes. All SQL of pools. */
import type { Identity } from "../job/job.ts";
import type { Ticket } from "../job/ticket.ts";
import type { Holding, Waiting } from "../queue/order.ts";
import { poolNameOf, ticketOf } from "./columns.ts";
import type { Database } from "./database.ts";
import { addEvent, type Writing } from "./transitions.ts";

/** A queued job, as much of it as admission needs. */
export interface QueuedJob extends Waiting {
  readonly failedStarts: number;
  /** The process that waits; null for a detached job. */
  readonly waiter: Identity | null;
  /** CLOCK_BOOTTIME in milliseconds, and the boot, of its admission; null while it waits. */
  readonly admitted: { readonly bootMs: number; readonly bootId: string } | null;
}

/** A launched job of a pool. What it uses now the kernel knows. */
export interface RunningInPool extends Omit<Holding, "currentBytes"> {
  readonly bootId: string | null;
  readonly cgroupPath: string | null;
}

/** All that admission looks at. */
export interface QueueRows {
  readonly queued: readonly QueuedJob[];
  readonly running: readonly RunningInPool[];
  /** What `corral pool set` has changed: jobs at once, by pool. */
  readonly jobsByPool: ReadonlyMap<string, number>;
}

/** What a pass changes. */
export interface QueueChanges {
  readonly admitted: readonly string[];
  /** Heads that were passed, once for each job that did. */
  readonly passed: readonly string[];
  /** Admitted, and not started in time: they wait again. */
  readonly givenBack: readonly string[];
  readonly at: { readonly wallMs: number; readonly bootMs: number; readonly bootId: string };
}

const LIVE_IN_POOL = "pool IS NOT NULL AND (state <> 'ended' OR survivors <> '[]')";
/** So many of each user's jobs in a pool are looked at: what is behind them is not next. */
const LOOKED_AT = 100;

const QUEUED_COLUMNS =
  `rowid, id, pool, priority, user, uid, created_at_ms, limits ->> '$.memoryMaxBytes' AS memory_bytes,
  timeout_ms, passed_by, failed_starts, boot_id, supervisor_pid, supervisor_start_ticks, pid_namespace, admitted_boot_ms, admitted_boot_id`;

/** Only the first jobs of each user in each pool, with `isWhole` all. */
export function readQueue(db: Database, isWhole = false): QueueRows {
  const queued = db.prepare(
    isWhole
      ? `SELECT ${QUEUED_COLUMNS} FROM jobs WHERE ${LIVE_IN_POOL} AND state = 'queued'`
      : `SELECT * FROM (SELECT ${QUEUED_COLUMNS},
           row_number() OVER (PARTITION BY pool, uid, admitted_boot_ms IS NULL ORDER BY priority DESC, rowid) AS place
         FROM jobs WHERE ${LIVE_IN_POOL} AND state = 'queued') WHERE place <= ${LOOKED_AT} OR admitted_boot_ms IS NOT NULL`,
  ).all();
  const running = db.prepare(
    `SELECT id, pool, user, limits ->> '$.memoryMaxBytes' AS memory_bytes, boot_id, cgroup_path, deadline_boot_ms
     FROM jobs WHERE ${LIVE_IN_POOL} AND state <> 'queued'`,
  ).all();
  const changed = db.prepare("SELECT name, jobs FROM pools WHERE jobs IS NOT NULL").all();
  return {
    queued: queued.map(queuedFromRow),
    running: running.map((row) => ({
      id: String(row["id"]),
      pool: poolNameOf(String(row["pool"])),
      owner: String(row["user"]),
      memoryBytes: numberOf(row["memory_bytes"]),
      bootId: row["boot_id"] === null ? null : String(row["boot_id"]),
      cgroupPath: row["cgroup_path"] === null ? null : String(row["cgroup_path"]),
      deadlineBootMs: numberOf(row["deadline_boot_ms"]),
    })),
    jobsByPool: new Map(changed.map((row) => [String(row["name"]), Number(row["jobs"])])),
  };
}

function queuedFromRow(row: Record<string, unknown>): QueuedJob {
  const pid = numberOf(row["supervisor_pid"]);
  const admittedBootMs = numberOf(row["admitted_boot_ms"]);
  return {
    id: String(row["id"]),
    pool: poolNameOf(String(row["pool"])),
    priority: Number(row["priority"]),
    owner: String(row["user"]),
    seq: Number(row["rowid"]),
    queuedAtMs: Number(row["created_at_ms"]),
    memoryBytes: numberOf(row["memory_bytes"]),
    timeoutMs: numberOf(row["timeout_ms"]),
    passedBy: Number(row["passed_by"]),
    failedStarts: Number(row["failed_starts"]),
    waiter: pid === null ? null : {
      pid,
      startTicks: Number(row["supervisor_start_ticks"]),
      bootId: String(row["boot_id"]),
      pidNamespace: numberOf(row["pid_namespace"]),
    },
    admitted: admittedBootMs === null
      ? null
      : { bootMs: admittedBootMs, bootId: String(row["admitted_boot_id"]) },
  };
}

function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** True when some job waits: the cheapest question. */
export function isAnyQueued(db: Database, isDetached = false): boolean {
  const condition = isDetached ? " AND ticket IS NOT NULL" : "";
  return db.prepare(`SELECT 1 FROM jobs WHERE ${LIVE_IN_POOL} AND state = 'queued'${condition} LIMIT 1`)
    .get() !==
    undefined;
}

/** Writes what a pass has decided. */
export function writeQueueChanges(on: Writing, { admitted, passed, givenBack, at }: QueueChanges): void {
  for (const id of admitted) {
    on.run(
      "UPDATE jobs SET admitted_boot_ms = ?, admitted_boot_id = ? WHERE id = ? AND state = 'queued'",
      Math.round(at.bootMs),
      at.bootId,
      id,
    );
    addEvent(on, id, { atMs: at.wallMs, kind: "admitted", detail: {} });
  }
  for (const id of passed) on.run("UPDATE jobs SET passed_by = passed_by + 1 WHERE id = ?", id);
  for (const id of givenBack) {
    on.run(
      `UPDATE jobs SET admitted_boot_ms = NULL, admitted_boot_id = NULL, failed_starts = failed_starts + 1
       WHERE id = ? AND state = 'queued'`,
      id,
    );
    addEvent(on, id, { atMs: at.wallMs, kind: "not-started", detail: {} });
  }
}

/** How any corral starts the job; null for one that has none. */
export function ticketOfJob(db: Database, id: string): Ticket | null {
  const ticket = db.prepare("SELECT ticket FROM jobs WHERE id = ?").get(id)?.["ticket"];
  return typeof ticket === "string" ? ticketOf(ticket) : null;
}

/** Jobs at once of a pool, in place of the configuration's; null takes that back. */
export function setPoolJobs({ run }: Writing, name: string, jobs: number | null): void {
  run(
    "INSERT INTO pools (name, jobs) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET jobs = excluded.jobs",
    name,
    jobs,
  );
}

/** Another priority of a queued job; false when it waits no more. */
export function setPriority(on: Writing, id: string, priority: number, atMs: number): boolean {
  const changed = on.run("UPDATE jobs SET priority = ? WHERE id = ? AND state = 'queued'", priority, id);
  if (changed > 0) addEvent(on, id, { atMs, kind: "set", detail: { priority } });
  return changed > 0;
}

/** Ids of jobs that ran in an earlier boot and may be queued again. */
export function lostWithRequeue(db: Database, bootId: string): string[] {
  return db.prepare(
    `SELECT id FROM jobs WHERE ${LIVE_IN_POOL} AND state IN ('starting', 'running') AND requeue > 0 AND ticket IS NOT NULL
     AND boot_id IS NOT ?`,
  ).all(bootId).map((row) => String(row["id"]));
}

/** Puts them back to where they were when they were queued. */
export function requeueLost(
  on: Writing,
  db: Database,
  { bootId, atMs }: { bootId: string; atMs: number },
): void {
  for (const id of lostWithRequeue(db, bootId)) {
    on.run(
      `UPDATE jobs SET state = 'queued', requeue = requeue - 1, backend = NULL, boot_id = NULL, supervisor_pid = NULL,
         supervisor_start_ticks = NULL, pid_namespace = NULL, pid = NULL, pid_start_ticks = NULL, pgid = NULL, cgroup_path = NULL,
         cgroup_inode = NULL, started_at_ms = NULL, started_boot_ms = NULL, deadline_boot_ms = NULL, output_file = NULL,
         admitted_boot_ms = NULL, admitted_boot_id = NULL WHERE id = ?`,
      id,
    );
    on.run("DELETE FROM samples WHERE job_id = ?", id);
    addEvent(on, id, { atMs, kind: "requeued", detail: {} });
  }
}

/** Ids of jobs of pools that are in their launch. */
export function startingInPools(db: Database): string[] {
  const rows = db.prepare(`SELECT id FROM jobs WHERE ${LIVE_IN_POOL} AND state = 'starting'`).all();
  return rows.map((row) => String(row["id"]));
}
