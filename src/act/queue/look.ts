/** The queue as it is now, without a change of it: what `corral queue` and `corral pool` show. */
import { admit, type NodeRoom, type Now, type Verdict } from "../../queue/admit.ts";
import type { Holding, Waiting } from "../../queue/order.ts";
import { momentOf } from "../../linux/clock.ts";
import type { Node } from "../../observe/node.ts";
import { readRoom } from "../../observe/room.ts";
import type { JobStore } from "../../store/jobs.ts";
import { type Pools, poolsNow, sortQueue } from "./pass.ts";

/** What was seen. */
export interface QueueNow {
  waiting: readonly Waiting[];
  holding: readonly Holding[];
  /** In the order of each pool. A job that has room this moment has none: the next pass starts it. */
  verdicts: readonly Verdict[];
  pools: Pools;
  room: NodeRoom;
  now: Now;
}

/** Throws StoreError. */
export function readQueueNow(on: Node, store: JobStore, configured: Pools): QueueNow {
  const rows = store.queue();
  const now = momentOf(on);
  const room = readRoom(on.procs);
  const { waiting, holding } = sortQueue(on, rows, now);
  const pools = poolsNow(configured, rows);
  return {
    waiting,
    holding,
    verdicts: admit(pools, { waiting, holding }, room, now).waiting,
    pools,
    room,
    now,
  };
}
