/** Why a job waits, in words and numbers. Pure. */
import type { Pool } from "../job/pool.ts";
import { formatDuration } from "../value/duration.ts";
import { formatBytes } from "../value/size.ts";
import type { Verdict, WaitsFor } from "./admit.ts";

/** `position 3 in pool fastsurfer; it waits for a slot (8 of 8 used), at the latest in 2h10m`. */
export function waitWords(
  { position, waitsFor, startsByBootMs }: Verdict,
  { name }: Pick<Pool, "name">,
  bootMs: number,
): string {
  const latest = startsByBootMs === null
    ? ""
    : `, at the latest in ${formatDuration(Math.max(0, startsByBootMs - bootMs))}`;
  return `position ${position} in pool ${name}; it waits for ${reasonWords(waitsFor)}${latest}`;
}

/** What it waits for: `a slot (8 of 8 used)`. */
export function reasonWords(waitsFor: WaitsFor): string {
  switch (waitsFor.kind) {
    case "slot":
      return waitsFor.limit === 0
        ? `the pool to be opened again (it drains: ${waitsFor.used} left)`
        : `a slot (${waitsFor.used} of ${waitsFor.limit} used)`;
    case "pool-memory":
      return `memory of the pool (${bytesWords(waitsFor)})`;
    case "node-memory":
      return `memory of the node (${bytesWords(waitsFor)})`;
    case "pressure":
      return `memory pressure to fall (${waitsFor.percent}%, above ${waitsFor.limitPercent}% nothing is started)`;
    case "behind":
      return `job ${waitsFor.behindId}, which is first`;
    case "no-pool":
      return "its pool, which is not in the configuration";
    case "stopped":
      return `its process ${waitsFor.pid} to continue, which is stopped (kill -CONT ${waitsFor.pid})`;
    case "frozen":
      return `the cgroup of its process ${waitsFor.pid} to be thawed, which is frozen`;
  }
}

function bytesWords({ neededBytes, freeBytes }: { neededBytes: number; freeBytes: number }): string {
  return `${formatBytes(neededBytes)} needed, ${formatBytes(Math.max(0, freeBytes))} free`;
}
