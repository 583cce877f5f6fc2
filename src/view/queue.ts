/** The tables of `corral queue` and `corral pool`. Pure. */
import type { Pool } from "../job/pool.ts";
import { nodeReserveBytes, type NodeRoom, promisedBytes, type Verdict } from "../queue/admit.ts";
import type { Holding, Waiting } from "../queue/order.ts";
import { reasonWords } from "../queue/words.ts";
import { formatDuration } from "../value/duration.ts";
import { formatBytes } from "../value/size.ts";
import { formatOptionalBytes, MISSING } from "../value/units.ts";
import type { Column } from "./table.ts";

/** A queued job, and why it waits. */
export interface QueueRow {
  readonly job: Waiting;
  readonly name: string;
  readonly verdict: Verdict;
}

const left = (key: string, more: Partial<Column> = {}): Column => ({
  key,
  title: key,
  align: "left",
  ...more,
});
const right = (key: string): Column => ({ key, title: key, align: "right" });

/** Of the queue, in the order of the table. */
export const QUEUE_COLUMNS: readonly Column[] = [
  right("#"),
  left("id", { isKept: true }),
  left("name", { shrink: true, isKept: true }),
  left("user", { shrink: true }),
  left("pool", { isKept: true }),
  right("prio"),
  right("memory"),
  right("queued"),
  right("starts by"),
  left("waits for", { shrink: true, isKept: true }),
];

/** The cells of a row. */
export function queueCells(
  { job, name, verdict }: QueueRow,
  now: { wallMs: number; bootMs: number },
): string[] {
  const { position, waitsFor, startsByBootMs } = verdict;
  return [
    String(position),
    job.id,
    name,
    job.owner,
    job.pool,
    String(job.priority),
    formatOptionalBytes(job.memoryBytes),
    formatDuration(Math.max(0, now.wallMs - job.queuedAtMs)),
    startsByBootMs === null ? MISSING : formatDuration(Math.max(0, startsByBootMs - now.bootMs)),
    reasonWords(waitsFor),
  ];
}

/** The same as JSON. */
export function queueJson({ job, name, verdict }: QueueRow, now: { wallMs: number; bootMs: number }) {
  const { position, waitsFor, startsByBootMs } = verdict;
  return {
    id: job.id,
    name,
    user: job.owner,
    pool: job.pool,
    position,
    priority: job.priority,
    memoryMaxBytes: job.memoryBytes,
    queuedAt: new Date(job.queuedAtMs).toISOString(),
    queuedMs: Math.max(0, Math.round(now.wallMs - job.queuedAtMs)),
    startsByMs: startsByBootMs === null ? null : Math.max(0, Math.round(startsByBootMs - now.bootMs)),
    waitsFor,
    text: reasonWords(waitsFor),
  };
}

/** A pool, and what is in it. */
export interface PoolRow {
  readonly pool: Pool;
  readonly holding: readonly Holding[];
  readonly queued: number;
}

/** Each pool with what is in it. */
export function poolRows(
  pools: ReadonlyMap<string, Pool>,
  holding: readonly Holding[],
  waiting: readonly Waiting[],
): PoolRow[] {
  return [...pools.values()].map((pool) => ({
    pool,
    holding: holding.filter((job) => job.pool === pool.name),
    queued: waiting.filter((job) => job.pool === pool.name).length,
  }));
}

/** Of the pools, in the order of the table. */
export const POOL_COLUMNS: readonly Column[] = [
  left("pool", { isKept: true }),
  right("running"),
  right("jobs"),
  right("queued"),
  right("reserved"),
  right("measured"),
  right("memory"),
  right("cpus"),
];

/** The cells of a pool. */
export function poolCells(row: PoolRow): string[] {
  const { pool, holding, queued } = row;
  const { reservedBytes, measuredBytes } = poolSums(row);
  return [
    pool.name,
    String(holding.length),
    pool.jobs === null ? MISSING : pool.jobs === 0 ? "0 (drains)" : String(pool.jobs),
    String(queued),
    formatOptionalBytes(reservedBytes),
    formatOptionalBytes(measuredBytes),
    formatOptionalBytes(pool.memoryBytes),
    pool.cpus === null ? MISSING : String(pool.cpus),
  ];
}

/** The same as JSON. */
export function poolJson(row: PoolRow) {
  const { pool, holding, queued } = row;
  return {
    name: pool.name,
    jobsMax: pool.jobs,
    running: holding.length,
    queued,
    ...poolSums(row),
    memoryMaxBytes: pool.memoryBytes,
    cpuMaxCores: pool.cpus,
    defaultMemoryBytes: pool.defaultMemoryBytes,
  };
}

/** What the limits of its jobs reserve, and what they hold; null where that is not known. */
export function poolSums({ holding }: PoolRow): { reservedBytes: number; measuredBytes: number | null } {
  const known = holding.filter(({ currentBytes }) => currentBytes !== null);
  return {
    reservedBytes: holding.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0),
    measuredBytes: holding.length > 0 && known.length === 0
      ? null
      : known.reduce((sum, { currentBytes }) => sum + currentBytes!, 0),
  };
}

/** What the node has for more jobs, in one line; null where the kernel gives no figures. */
export function roomLine(
  { memoryAvailableBytes, memoryTotalBytes }: NodeRoom,
  holding: readonly Holding[],
): string | null {
  if (memoryAvailableBytes === null || memoryTotalBytes === null) return null;
  const promised = promisedBytes(holding);
  const reserve = nodeReserveBytes(memoryTotalBytes);
  const free = Math.max(0, memoryAvailableBytes - promised - reserve);
  const parts = [
    `${formatBytes(memoryAvailableBytes)} available`,
    `${formatBytes(promised)} promised to jobs that run`,
    `${formatBytes(reserve)} kept for the node`,
  ];
  return `${formatBytes(free)} of memory free for jobs: ${parts.join(", ")}`;
}
