/** The node as its metrics have it: the jobs of `corral ps`, and the pools of `corral pool`. */
import { pause, within } from "../base/poll.ts";
import { readQueueNow } from "../act/queue/look.ts";
import type { Job } from "../job/job.ts";
import { momentOf } from "../linux/clock.ts";
import { onlineCpus } from "../linux/node_facts.ts";
import { type JobNow, readJobNow } from "../observe/live.ts";
import { memoryTotalBytes } from "../observe/room.ts";
import type { EndedCounts } from "../store/ended_counts.ts";
import { bothStores } from "../store/former_store.ts";
import type { JobStore } from "../store/jobs.ts";
import { lastSweepMs } from "../store/sweep_lock.ts";
import type { JobMetrics, LiveState, NodeMetrics } from "../view/metrics/node_metrics.ts";
import { poolRows, poolSums } from "../view/queue.ts";
import { healthSigns } from "../health/words.ts";
import type { Moment } from "../job/events.ts";
import type { Context } from "./context.ts";
import { seesEverybody } from "./in_sight.ts";
import { UsersLive } from "../observe/users_live.ts";

/** Users' processes are waited for once; later the last answers count, and no user can hold up a scrape. */
const FIRST_ANSWERS_MS = 3_000;
/** So many are read before others have their turn. */
const AT_ONCE = 50;
const ACTOR = "metrics";

/** Collects again and again; a damaged row and a user who does not answer are told once. */
export class MetricsCollector {
  readonly #users: UsersLive | null;
  readonly #damages = new Set<string>();
  #hasAsked = false;
  #ended: EndedCounts | null = null;

  constructor(readonly context: Context) {
    this.#users = seesEverybody(context) ? new UsersLive(context, context.say) : null;
  }

  /** Linear in live jobs, and in the endings since the last time. Throws StoreError. */
  async collect(firstAnswersMs = FIRST_ANSWERS_MS): Promise<NodeMetrics> {
    const { context } = this;
    const store = context.openStore(ACTOR);
    await this.#askUsers(firstAnswersMs);
    const jobs = await this.#measured([...this.#ownJobs(store), ...this.#users?.jobs() ?? []]);
    this.#ended = store.endedCounts(this.#ended);
    const { pools, waiting, holding } = readQueueNow(context, store, context.settings.pools);
    const { wallMs, bootMs } = momentOf(context);
    return {
      ...{ wallMs, bootMs, jobs },
      cores: onlineCpus(context.procs.root),
      memoryTotalBytes: memoryTotalBytes(context.procs),
      endedByReason: this.#ended.byReason,
      pools: poolRows(pools, holding, waiting).map((row) => ({
        ...poolSums(row),
        name: row.pool.name,
        limitBytes: row.pool.memoryBytes,
        running: row.holding.length,
        queued: row.queued,
      })),
      oldestQueuedMs: waiting.length === 0 ? null : Math.min(...waiting.map(({ queuedAtMs }) => queuedAtMs)),
      lastSweepMs: lastSweepMs(store.path),
      unanswered: this.#users?.unanswered ?? 0,
    };
  }

  async #askUsers(capMs: number): Promise<void> {
    if (this.#users === null || this.#hasAsked) return;
    this.#hasAsked = true;
    // What fails is told by the next look, and by the number of users without an answer.
    const asked = this.#users.ask().catch(() => {});
    await within(asked, capMs);
  }

  #ownJobs(store: JobStore): Job[] {
    return bothStores(store, this.context.openFormerStore(ACTOR)).live(({ message }) => {
      if (!this.#damages.has(message)) this.context.say(message);
      this.#damages.add(message);
    });
  }

  async #measured(jobs: readonly Job[]): Promise<JobMetrics[]> {
    const measured: JobMetrics[] = [];
    const at = momentOf(this.context);
    for (const job of jobs) {
      const now = readJobNow(this.context, job);
      measured.push({ job, state: stateOf(job, now), now, checks: checksOf(job, at) });
      if (measured.length % AT_ONCE === 0) await pause(0);
    }
    return measured;
  }
}

function stateOf({ phase: { state } }: Job, now: JobNow | null): LiveState {
  if (state === "ended") return "unkillable";
  return state === "running" && now?.frozen ? "frozen" : state;
}

/** Each check that the job has; one that cannot be judged at this moment does not fail. */
function checksOf(job: Job, at: Pick<Moment, "wallMs" | "bootMs">): JobMetrics["checks"] {
  return healthSigns(job, at).map(({ check, verdict }) => ({ name: check, isUnhealthy: verdict === "ill" }));
}
