/**
 * Which waiting jobs get room now, and what the others wait for. Pure: one pass over what is queued, what has room, and what the node has.
 *
 * A job is admitted when its pool has a slot, the memory limits of the admitted jobs and its own fit into the pool, and the node has the
 * memory that all of them may still take. The head of the order is passed only by a job whose deadline is before the moment at which the head
 * fits, and not for ever.
 */
import type { Pool } from "../job/pool.ts";
import { type HeldUp, type Holding, inOrder, type Waiting } from "./order.ts";

/** What the node has at the moment. null: unknown, and then it keeps no job waiting. */
export interface NodeRoom {
  readonly memoryTotalBytes: number | null;
  readonly memoryAvailableBytes: number | null;
  /** memory.pressure of the node: some, avg10, in percent. */
  readonly memoryPressurePercent: number | null;
}

/** Now, by both clocks. */
export interface Now {
  readonly wallMs: number;
  readonly bootMs: number;
}

/** What a job waits for, in numbers. Bytes, or jobs for slots. */
export type WaitsFor =
  | { readonly kind: "slot"; readonly used: number; readonly limit: number }
  | { readonly kind: "pool-memory"; readonly neededBytes: number; readonly freeBytes: number }
  | { readonly kind: "node-memory"; readonly neededBytes: number; readonly freeBytes: number }
  | { readonly kind: "pressure"; readonly percent: number; readonly limitPercent: number }
  | { readonly kind: "behind"; readonly behindId: string }
  | { readonly kind: "no-pool" }
  | HeldUp;

/** A job that stays in the queue. */
export interface Verdict {
  readonly id: string;
  /** From 1, in the order of its pool; one that is held up comes after all that are not. */
  readonly position: number;
  readonly waitsFor: WaitsFor;
  /** CLOCK_BOOTTIME in milliseconds at which it has room at the latest, by the deadlines of the others; null: unknown. */
  readonly startsByBootMs: number | null;
}

/** What one pass decides. */
export interface Admission {
  readonly admitted: readonly string[];
  /** Ids of heads that were passed, once for each job that passed. */
  readonly passed: readonly string[];
  readonly waiting: readonly Verdict[];
}

/** The node keeps so much: a share of its memory, and at least a GiB. */
const RESERVE_SHARE = 0.05;
const RESERVE_MIN_BYTES = 1_073_741_824;
/** Above it no job is started: what runs stalls for memory already. */
export const PRESSURE_LIMIT_PERCENT = 20;
/** After so many jobs that passed it, or so long, the pool is kept free for the head. */
const MAX_PASSED = 10;
const MAX_HEAD_WAIT_MS = 600_000;

/** What admission leaves to the node, in bytes. */
export function nodeReserveBytes(memoryTotalBytes: number): number {
  return Math.max(RESERVE_MIN_BYTES, Math.round(memoryTotalBytes * RESERVE_SHARE));
}

/** Why a job can never have room in the pool, in bytes needed and to be had; null when it can. */
export function neverFits(
  memoryBytes: number | null,
  { memoryBytes: poolBytes }: Pool,
  { memoryTotalBytes }: Pick<NodeRoom, "memoryTotalBytes">,
): { readonly of: "pool" | "node"; readonly limitBytes: number } | null {
  if (memoryBytes === null) return null;
  if (poolBytes !== null && memoryBytes > poolBytes) return { of: "pool", limitBytes: poolBytes };
  if (memoryTotalBytes === null) return null;
  const limitBytes = memoryTotalBytes - nodeReserveBytes(memoryTotalBytes);
  return memoryBytes > limitBytes ? { of: "node", limitBytes } : null;
}

/** One pass. */
export function admit(
  pools: ReadonlyMap<string, Pool>,
  queue: { waiting: readonly Waiting[]; holding: readonly Holding[] },
  room: NodeRoom,
  now: Now,
): Admission {
  const pass = new Pass(room, now, [...queue.holding]);
  for (const [name, waiting] of Map.groupBy(queue.waiting, ({ pool }) => pool)) {
    pass.admitPool(pools.get(name) ?? null, waiting);
  }
  return pass;
}

class Pass implements Admission {
  readonly admitted: string[] = [];
  readonly passed: string[] = [];
  readonly waiting: Verdict[] = [];

  constructor(readonly room: NodeRoom, readonly now: Now, readonly holding: Holding[]) {}

  admitPool(pool: Pool | null, waiting: readonly Waiting[]): void {
    if (pool === null) {
      for (const [index, { id }] of inOrder(waiting, this.holding).entries()) {
        this.waiting.push({ id, position: index + 1, waitsFor: { kind: "no-pool" }, startsByBootMs: null });
      }
      return;
    }
    let left = waiting.filter(({ heldUp }) => heldUp === undefined);
    for (;;) {
      const next = this.#next(pool, left);
      if (next === null) break;
      this.#admit(next);
      left = left.filter(({ id }) => id !== next.id);
    }
    this.#explain(pool, left);
    this.#listHeldUp(waiting, left.length);
  }

  /** The head when it fits, else one that may pass it; null when none may start. */
  #next(pool: Pool, left: readonly Waiting[]): Waiting | null {
    const [head, ...others] = inOrder(left, this.#ofPool(pool));
    if (head === undefined) return null;
    if (this.#obstacle(pool, head) === null) return head;
    const passes = this.passed.filter((id) => id === head.id).length + head.passedBy;
    if (passes >= MAX_PASSED || this.now.wallMs - head.queuedAtMs >= MAX_HEAD_WAIT_MS) return null;
    const headFitsMs = this.#fitsAtBootMs(pool, head) ?? Infinity;
    const next = others.find((job) =>
      job.timeoutMs !== null && this.now.bootMs + job.timeoutMs < headFitsMs &&
      this.#obstacle(pool, job) === null
    );
    if (next === undefined) return null;
    this.passed.push(head.id);
    return next;
  }

  #admit({ id, pool, owner, memoryBytes, timeoutMs }: Waiting): void {
    const deadlineBootMs = timeoutMs === null ? null : this.now.bootMs + timeoutMs;
    this.admitted.push(id);
    this.holding.push({ id, pool, owner, memoryBytes, currentBytes: 0, deadlineBootMs });
  }

  #explain(pool: Pool, left: readonly Waiting[]): void {
    const ordered = inOrder(left, this.#ofPool(pool));
    for (const [index, job] of ordered.entries()) {
      const waitsFor = this.#obstacle(pool, job) ?? { kind: "behind", behindId: ordered[0]!.id };
      // Behind others it depends on them too.
      const startsByBootMs = index === 0 ? this.#fitsAtBootMs(pool, job) : null;
      this.waiting.push({ id: job.id, position: index + 1, waitsFor, startsByBootMs });
    }
  }

  #listHeldUp(waiting: readonly Waiting[], before: number): void {
    const all = inOrder(waiting, this.holding).flatMap(({ id, heldUp }) => heldUp ? { id, heldUp } : []);
    for (const [index, { id, heldUp }] of all.entries()) {
      this.waiting.push({ id, position: before + index + 1, waitsFor: heldUp, startsByBootMs: null });
    }
  }

  #ofPool({ name }: Pool): Holding[] {
    return this.holding.filter(({ pool }) => pool === name);
  }

  /** What keeps the job from being admitted now. */
  #obstacle(pool: Pool, job: Waiting): WaitsFor | null {
    return poolObstacle(pool, this.#ofPool(pool), job) ?? this.#nodeObstacle(job);
  }

  #nodeObstacle({ memoryBytes }: Waiting): WaitsFor | null {
    const { memoryTotalBytes, memoryAvailableBytes, memoryPressurePercent: percent } = this.room;
    if (percent !== null && percent > PRESSURE_LIMIT_PERCENT) {
      return { kind: "pressure", percent, limitPercent: PRESSURE_LIMIT_PERCENT };
    }
    // A job without a limit may take anything: there is no number to hold back for it.
    if (memoryBytes === null || memoryTotalBytes === null || memoryAvailableBytes === null) return null;
    const freeBytes = memoryAvailableBytes - promisedBytes(this.holding) - nodeReserveBytes(memoryTotalBytes);
    return memoryBytes <= freeBytes ? null : { kind: "node-memory", neededBytes: memoryBytes, freeBytes };
  }

  /** When the pool has room for the job at the latest; null when that is not known. */
  #fitsAtBootMs(pool: Pool, job: Waiting): number | null {
    const byDeadline = this.#ofPool(pool).sort((a, b) =>
      (a.deadlineBootMs ?? Infinity) - (b.deadlineBootMs ?? Infinity)
    );
    for (const [index, { deadlineBootMs }] of byDeadline.entries()) {
      if (deadlineBootMs === null) return null;
      if (poolObstacle(pool, byDeadline.slice(index + 1), job) === null) return deadlineBootMs;
    }
    return null;
  }
}

/** What the admitted jobs may still take: their limits less what they use already. */
export function promisedBytes(holding: readonly Holding[]): number {
  return sum(
    holding,
    ({ memoryBytes, currentBytes }) => Math.max(0, (memoryBytes ?? 0) - (currentBytes ?? 0)),
  );
}

function poolObstacle(pool: Pool, holding: readonly Holding[], { memoryBytes }: Waiting): WaitsFor | null {
  if (pool.jobs !== null && holding.length >= pool.jobs) {
    return { kind: "slot", used: holding.length, limit: pool.jobs };
  }
  if (pool.memoryBytes === null) return null;
  const freeBytes = pool.memoryBytes - sum(holding, (job) => job.memoryBytes ?? 0);
  const neededBytes = memoryBytes ?? 0;
  return neededBytes <= freeBytes ? null : { kind: "pool-memory", neededBytes, freeBytes };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
