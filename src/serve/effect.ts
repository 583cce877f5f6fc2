/** What an act on a job would do: who dies, what is lost, what comes free, who starts next. */
import { admit } from "../queue/admit.ts";
import { type QueueNow, readQueueNow } from "../act/queue/look.ts";
import type { Job } from "../job/job.ts";
import { usersOfUids } from "../linux/users.ts";
import { lookAtJob, wallSoFarMs } from "../observe/live.ts";
import { readCurrent } from "../cgroup/usage.ts";
import { larger } from "../view/show_head.ts";
import type { SourceContext } from "./context.ts";
import type { Effect, Verb } from "./feed.ts";
import type { Looks } from "./look.ts";

/** Of a job with more processes, the owners of the first ones. */
const MOST_PIDS = 500;

/** As of now. Throws StoreError. */
export async function effectOf(
  { context, looks }: { context: SourceContext; looks: Looks },
  job: Job,
  verb: Verb,
): Promise<Effect> {
  const seen = lookAtJob(context, job, (fs, own) => ({
    pids: fs.own(own, own.id).pids(),
    memoryBytes: readCurrent(fs, own.path).memoryBytes,
  }));
  const isEnd = verb === "kill";
  return {
    processes: seen?.pids.length ?? 0,
    users: await ownersOf(context, job, seen?.pids ?? []),
    lostMs: isEnd ? wallSoFarMs(context, job) : null,
    freedBytes: isEnd ? seen?.memoryBytes ?? null : null,
    startsNext: isEnd ? nextOf({ context, looks }, job) : null,
    command: commandOf(job, verb),
  };
}

async function ownersOf(
  { procs, run }: SourceContext,
  { spec }: Job,
  pids: readonly number[],
): Promise<string[]> {
  const uids = new Set(pids.slice(0, MOST_PIDS).flatMap((pid) => procs.uid(pid) ?? []));
  uids.delete(spec.uid);
  if (uids.size === 0) return [spec.user];
  const others = await usersOfUids([...uids], run);
  return [spec.user, ...[...uids].map((uid) => others.get(uid)?.name ?? String(uid))];
}

function nextOf(
  { context, looks }: { context: SourceContext; looks: Looks },
  job: Job,
): Effect["startsNext"] {
  if (job.storeUid !== undefined || job.spec.pool === undefined) return null;
  const queue = readQueueNow(context, looks.store.store, context.settings.pools);
  const id = startsAfter(queue, job.spec.id);
  const name = id === null ? null : looks.nameOf(id);
  return id === null ? null : { id, name: name ?? id };
}

/** The first job of the same pool that would start without this one; null where none would. Pure. */
export function startsAfter({ pools, waiting, holding, room, now }: QueueNow, id: string): string | null {
  const gone = holding.find((one) => one.id === id);
  if (gone === undefined) return null;
  const freed = gone.currentBytes ?? 0;
  const later = {
    ...room,
    memoryAvailableBytes: room.memoryAvailableBytes === null ? null : room.memoryAvailableBytes + freed,
  };
  const left = { waiting, holding: holding.filter((one) => one !== gone) };
  const pool = new Map(waiting.map((one) => [one.id, one.pool]));
  return admit(pools, left, later, now).admitted.find((next) => pool.get(next) === gone.pool) ?? null;
}

/** The same act as a command line. */
export function commandOf({ spec: { id, limits } }: Job, verb: Verb): string {
  switch (verb) {
    case "kill":
    case "freeze":
    case "thaw":
      return `corral ${verb} ${id}`;
    case "set-timeout":
      return `corral set ${id} --timeout +1h`;
    case "set-memory":
      return `corral set ${id} --memory ${
        limits.memoryMaxBytes === null ? "SIZE" : larger(limits.memoryMaxBytes)
      }`;
  }
}
