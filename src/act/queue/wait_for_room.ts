/** The `corral run` that waits for its turn: a row in the queue, and a process that sleeps until it is woken. */
import type { Job } from "../../job/job.ts";
import { trimMemory } from "../../linux/libc.ts";
import { after } from "../../base/poll.ts";
import { onContinue, type StopSignals } from "../../linux/stop_signals.ts";
import type { Verdict } from "../../queue/admit.ts";
import { isBusy } from "../../store/ledger.ts";
import type { JobStore } from "../../store/jobs.ts";
import { admitWaiting, type Pools } from "./pass.ts";
import type { Starter } from "./start_queued.ts";

/** The first in the queue looks whether memory has come free: no process tells that. */
const FIRST_LOOK_MS = 1_000;
/** Any other is woken, and looks by itself only in case. */
const LOOK_MS = 30_000;
/** A job that waits longer waits with as little memory as possible. */
const IDLE_AFTER_MS = 2_000;

/** How the wait ends. `ended`: another process has ended the job. */
export type Room = "admitted" | "ended" | "stopped";

/** Who waits, and for what. */
export interface RoomRequest {
  id: string;
  pools: Pools;
  stop: StopSignals;
  /** Null without `--with-parent`. */
  callerIsGone: () => boolean;
  /** Told when the reason for which it waits may have changed. */
  onWait: (verdict: Verdict) => void;
}

/** Resolves when the job of this process has room, or will have none. Throws StoreError. */
export async function waitForRoom(on: Starter, store: JobStore, request: RoomRequest): Promise<Room> {
  const { id, pools, stop, callerIsGone, onWait } = request;
  let wake = () => {};
  stop.onSignal(() => wake());
  onContinue(() => wake());
  Deno.unrefTimer(setTimeout(() => trimMemory(on.procs.root), IDLE_AFTER_MS));
  for (;;) {
    if (stop.received !== null || callerIsGone()) return "stopped";
    const { room, verdict, isBlind } = await look(on, store, { id, pools });
    if (room !== null) return room;
    if (verdict !== null) onWait(verdict);
    const woken = new Promise<void>((resolve) => wake = resolve);
    await Promise.race([woken, after(isBlind || verdict?.position === 1 ? FIRST_LOOK_MS : LOOK_MS)]);
  }
}

/** A store that is held by another process, or does not answer, is asked again: the place in the queue is not lost by that. */
async function look(
  on: Starter,
  store: JobStore,
  { id, pools }: Pick<RoomRequest, "id" | "pools">,
): Promise<{ room: Room | null; verdict: Verdict | null; isBlind: boolean }> {
  try {
    const { admitted, waiting } = await admitWaiting(on, store, { pools, own: id });
    if (admitted.includes(id)) return { room: "admitted", verdict: null, isBlind: false };
    const phase: Job["phase"] | undefined = store.get(id)?.phase;
    const room = phase?.state !== "queued"
      ? "ended"
      : phase.queue.admittedBootMs !== null
      ? "admitted"
      : null;
    return { room, verdict: waiting.find((one) => one.id === id) ?? null, isBlind: false };
  } catch (error) {
    if (!isBusy(error)) throw error;
    return { room: null, verdict: null, isBlind: true };
  }
}
