/** The queue, the pools and the node's room, by the code of `corral queue` and `corral pool`. Pure. */
import type { Job } from "../job/job.ts";
import { nodeReserveBytes, PRESSURE_LIMIT_PERCENT, promisedBytes, type Verdict } from "../queue/admit.ts";
import type { QueueNow } from "../act/queue/look.ts";
import { reasonWords } from "../queue/words.ts";
import type { LiveRow, NodeRoom, PoolRow, QueuedRow } from "./feed.ts";
import { type NameOf, partsOf } from "./parts.ts";

/** What the rows are made of besides the queue. */
export interface QueueInput {
  /** Of the caller's own store, by id. */
  jobs: ReadonlyMap<string, Job>;
  wallOffsetMs: number;
  nameOf: NameOf;
}

/** In the order of each pool; jobs that are being started come first. */
export function queuedRows(queue: QueueNow, input: QueueInput): QueuedRow[] {
  const verdicts = new Map(queue.verdicts.map((verdict) => [verdict.id, verdict]));
  const rows = queue.waiting.flatMap(({ id }) => {
    const job = input.jobs.get(id);
    return job === undefined ? [] : [queuedRow(job, verdicts.get(id) ?? null, { ...input, queue })];
  });
  return rows.sort((a, b) => a.pool < b.pool ? -1 : a.pool > b.pool ? 1 : a.position - b.position);
}

function queuedRow(
  { spec }: Job,
  verdict: Verdict | null,
  { wallOffsetMs, nameOf, queue }: QueueInput & { queue: QueueNow },
): QueuedRow {
  const startsByBootMs = verdict?.startsByBootMs ?? null;
  return {
    id: spec.id,
    name: spec.name,
    ref: spec.ref,
    user: spec.user,
    pool: spec.pool?.name ?? "",
    priority: spec.pool?.priority ?? 0,
    position: verdict?.position ?? 0,
    needs: { memoryBytes: spec.limits.memoryMaxBytes, cpus: spec.limits.cpuMaxCores },
    queuedMs: spec.createdAtMs,
    waitsFor: verdict === null ? "starting" : kindOf(verdict.waitsFor),
    text: verdict === null
      ? [{ text: "it is being started" }]
      : partsOf(`it waits for ${reasonWords(verdict.waitsFor)}`, nameOf),
    startsBy: startsByBootMs === null ? null : {
      afterId: queue.holding.find(({ deadlineBootMs }) => deadlineBootMs === startsByBootMs)?.id ?? null,
      atMs: startsByBootMs + wallOffsetMs,
    },
  };
}

function kindOf(waitsFor: Verdict["waitsFor"]): QueuedRow["waitsFor"] {
  if (waitsFor.kind === "slot" && waitsFor.limit === 0) return "drained";
  return waitsFor.kind === "no-pool" ? "drained" : waitsFor.kind;
}

/** A job that waits in a user's own queue: for what, that user's corral alone can tell. */
export function usersQueuedRow({ spec }: Job, pageId: string): QueuedRow {
  return {
    id: pageId,
    name: spec.name,
    ref: spec.ref,
    user: spec.user,
    pool: spec.pool?.name ?? "",
    priority: spec.pool?.priority ?? 0,
    position: 0,
    needs: { memoryBytes: spec.limits.memoryMaxBytes, cpus: spec.limits.cpuMaxCores },
    queuedMs: spec.createdAtMs,
    waitsFor: "slot",
    text: [{ text: "it waits in its user's own queue: corral queue, called by that user, says for what" }],
    startsBy: null,
  };
}

/** What the pools hold, with what their live jobs use now. */
export function poolRows({ pools, waiting, holding }: QueueNow, live: readonly LiveRow[]): PoolRow[] {
  return [...pools.values()].map((pool) => {
    const held = holding.filter((one) => one.pool === pool.name);
    const rows = live.filter((row) => row.pool === pool.name);
    return {
      name: pool.name,
      jobs: held.length,
      jobsMax: pool.jobs,
      isDrained: pool.jobs === 0,
      queued: waiting.filter((one) => one.pool === pool.name).length,
      memory: {
        usedBytes: sumOf(rows, "memoryBytes"),
        reservedBytes: held.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0),
        limitBytes: pool.memoryBytes,
      },
      cpu: {
        usedCores: sumOf(rows, "cpuCores"),
        reservedCores: rows.reduce((sum, { cpuMaxCores }) => sum + (cpuMaxCores ?? 0), 0),
        limitCores: pool.cpus,
      },
    };
  });
}

/** 0 without a row; null where none of them is known. */
function sumOf(rows: readonly LiveRow[], key: "memoryBytes" | "cpuCores"): number | null {
  const known = rows.flatMap((row) => row[key] ?? []);
  if (rows.length > 0 && known.length === 0) return null;
  return known.reduce((sum, value) => sum + value, 0);
}

/** Null where the kernel gives no figures. */
export function roomOf({ room, holding }: QueueNow): NodeRoom | null {
  const { memoryTotalBytes, memoryAvailableBytes } = room;
  if (memoryTotalBytes === null || memoryAvailableBytes === null) return null;
  const [promised, reserve] = [promisedBytes(holding), nodeReserveBytes(memoryTotalBytes)];
  return {
    totalBytes: memoryTotalBytes,
    availableBytes: memoryAvailableBytes,
    promisedBytes: promised,
    reserveBytes: reserve,
    freeBytes: Math.max(0, memoryAvailableBytes - promised - reserve),
    pressureLimitPercent: PRESSURE_LIMIT_PERCENT,
  };
}
