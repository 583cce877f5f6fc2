/** The options of `corral run` for jobs of pools, and what they refuse. */
import { Option } from "@commander-js/extra-typings";
import type { PoolRequest } from "../act/run/job_request.ts";
import { parserFor, UsageError } from "../base/errors.ts";
import { nearest } from "../base/near.ts";
import { quoted } from "../base/text.ts";
import { type Limits, withImpliedSwap } from "../job/limits.ts";
import type { Pool } from "../job/pool.ts";
import { readRoom } from "../observe/room.ts";
import { neverFits } from "../queue/admit.ts";
import { parsePriority, parseTimes } from "../value/count.ts";
import { formatBytes } from "../value/size.ts";
import type { Context } from "./context.ts";

/** In the order of the help. */
export const POOL_OPTIONS = {
  pool: new Option(
    "--pool <POOL>",
    "run in the room of this pool of the configuration, and wait in its queue until there is room",
  ),
  priority: new Option("--priority <N>", "with --pool: higher goes first, -1000..1000 (default: 0)")
    .argParser(
      parserFor("--priority", parsePriority),
    ),
  unique: new Option("--unique", "with --pool: not beside a live job of the same name"),
  requeue: new Option(
    "--requeue <N>",
    "with --pool: queue it again after a reboot of the node, N times (default: 0)",
  ).argParser(
    parserFor("--requeue", parseTimes),
  ),
};

/** What was typed. */
export interface PoolWords {
  pool?: string | undefined;
  priority?: number | undefined;
  unique?: true | undefined;
  requeue?: number | undefined;
}

/** The request, with the limits that it leads to; null without `--pool`. Throws UsageError. */
export function poolRequestFrom(
  context: Pick<Context, "settings" | "procs">,
  words: PoolWords,
  limits: Limits,
): { pool: PoolRequest; limits: { limits: Limits; swapIsImplied: boolean } | null } | null {
  const { pools } = context.settings;
  if (words.pool === undefined) {
    const alone = (["priority", "unique", "requeue"] as const).find((key) => words[key] !== undefined);
    if (alone !== undefined) throw new UsageError(`--${alone} goes with --pool`);
    return null;
  }
  const pool = pools.get(words.pool);
  if (pool === undefined) throw unknownPool(words.pool, pools);
  const implied = limits.memoryMaxBytes === null && pool.defaultMemoryBytes !== null
    ? withImpliedSwap({ ...limits, memoryMaxBytes: pool.defaultMemoryBytes })
    : null;
  refuseUnfit((implied?.limits ?? limits).memoryMaxBytes, pool, context);
  const { priority = 0, unique = false, requeue = 0 } = words;
  return { pool: { pool, priority, isUnique: unique, requeue, pools }, limits: implied };
}

/** A pool that is not in the configuration. */
export function unknownPool(name: string, pools: ReadonlyMap<string, Pool>): UsageError {
  const near = nearest(name, [...pools.keys()]);
  const known = [...pools.keys()].join(", ");
  return new UsageError(`there is no pool ${quoted(name)}`, {
    remedy: near !== null
      ? `did you mean ${near}?`
      : known === ""
      ? "add it to the configuration: [pools.NAME], see: corral help config"
      : `known pools: ${known}`,
  });
}

function refuseUnfit(memoryBytes: number | null, pool: Pool, { procs }: Pick<Context, "procs">): void {
  if (memoryBytes === null && pool.memoryBytes !== null) {
    throw new UsageError(
      `pool ${pool.name} shares ${formatBytes(pool.memoryBytes)} of memory: a job in it needs a limit`,
      {
        remedy: "give --memory SIZE, or the pool a default-memory",
      },
    );
  }
  const never = neverFits(memoryBytes, pool, readRoom(procs));
  if (never === null) return;
  const what = never.of === "pool" ? `pool ${pool.name} has` : "this node has for jobs";
  throw new UsageError(
    `--memory ${formatBytes(memoryBytes!)} never fits: ${formatBytes(never.limitBytes)} is all that ${what}`,
    { remedy: "give less --memory" },
  );
}
