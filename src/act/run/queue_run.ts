/** `corral run --pool`: the row in the queue, the wait for room, and the beginning of the launch. */
import { crashPoint } from "../../base/crash_point.ts";
import { CorralError, EXIT } from "../../base/errors.ts";
import { endLine, runExitCode } from "../../job/outcome.ts";
import type { JobSpec, Watch } from "../../job/job.ts";
import { momentOf } from "../../linux/clock.ts";
import { ownIdentity } from "../../observe/own_identity.ts";
import type { Node } from "../../observe/node.ts";
import { waitWords } from "../../queue/words.ts";
import type { StopSignals } from "../../linux/stop_signals.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { RunContext, RunRequest } from "./run_request.ts";
import type { Starter } from "../queue/start_queued.ts";
import { withPoolStore } from "./pool_store.ts";
import { WaitLine } from "./wait_line.ts";
import { type Room, waitForRoom } from "../queue/wait_for_room.ts";

/** The process of the job, and how it speaks. */
interface Waiter {
  context: RunContext;
  request: RunRequest;
  stop: StopSignals;
  say: (line: string) => void;
}

/** The job, and what it is for this process. */
interface QueuedRun {
  asked: JobSpec;
  watch: Watch;
  /** It has been queued by another process, and given room. */
  isTicket: boolean;
  /** Says when the caller of `--with-parent` is gone. */
  watching: Promise<(() => boolean) | null>;
}

/** How the wait went, the job as it is recorded, and its store. */
export interface QueuedResult {
  spec: JobSpec;
  room: Room;
  /** Null when it was not reached before the job was stopped. */
  store: JobStore | null;
}

/** Queues the job, unless another process has, and waits for its room; the spec as it is recorded. Throws CorralError, StoreError. */
export async function queue(
  { context, request, stop, say }: Waiter,
  { asked, watch, isTicket, watching }: QueuedRun,
): Promise<QueuedResult> {
  const pool = request.pool!;
  if (!isTicket) {
    // A caller that is gone already leaves nothing in the queue.
    const callerIsGone = await watching ?? (() => false);
    const isStopped = () => stop.received !== null || callerIsGone();
    const store = await withPoolStore({ context, say, isStopped }, (store) => {
      enqueue(context, store, asked, { isUnique: pool.isUnique, ticket: null });
      return store;
    });
    if (store === null) return { spec: asked, room: "stopped", store };
    crashPoint("queue: queued");
    const line = new WaitLine(context, say);
    const room = await waitForRoom(context, store, {
      ...{ id: asked.id, pools: pool.pools, stop },
      callerIsGone,
      onWait: (verdict) =>
        line.tell(`job ${asked.id} is queued: ${waitWords(verdict, pool.pool, context.clock.bootMs())}`),
    });
    line.clear();
    if (room !== "admitted") return { spec: asked, room, store };
  }
  crashPoint("queue: admitted");
  // A signal that comes meanwhile is answered by the launch.
  return (await withPoolStore({ context, say, isStopped: () => false }, (store): QueuedResult => {
    if (!store.markStarting(asked.id, watch, momentOf(context))) return { spec: asked, room: "ended", store };
    crashPoint("queue: starting");
    return { spec: (isTicket ? store.get(asked.id)?.spec : null) ?? asked, room: "admitted", store };
  }))!;
}

/** What a job of another name does not have. */
export interface EnqueueOptions {
  isUnique: boolean;
  /** How any corral starts it; null for a job whose caller waits. */
  ticket: Parameters<JobStore["enqueue"]>[1]["ticket"];
}

/** Throws CorralError where a live job has its name already, with `isUnique`. */
export function enqueue(
  context: Starter,
  store: JobStore,
  spec: JobSpec,
  { isUnique, ticket }: EnqueueOptions,
): void {
  const other = store.enqueue({ ...spec, pool: spec.pool! }, {
    atBootMs: Math.round(context.clock.bootMs()),
    bootId: context.clock.bootId(),
    waiter: ticket === null ? ownIdentity(context) : null,
    ticket,
  }, isUnique);
  if (other === null) return;
  throw new CorralError(`--unique: job ${other} has this name and is not over`, {
    remedy: `corral show ${other}`,
    exitCode: EXIT.CORRAL_FAILED,
  });
}

/** Another process has ended the job before its turn came. */
export function endedInQueue(
  context: Pick<Node, "openStore">,
  { id }: JobSpec,
  say: (line: string) => void,
): number {
  const phase = context.openStore("run").get(id)?.phase;
  if (phase?.state !== "ended") {
    throw new CorralError(`job ${id} lost its place in the queue`, { exitCode: EXIT.CORRAL_FAILED });
  }
  say(endLine(id, phase));
  return runExitCode(phase, null);
}
