/** One look at everything that the page shows of this moment. */
import { type QueueNow, readQueueNow } from "../act/queue/look.ts";
import { type Job, runningFacts } from "../job/job.ts";
import { hostName } from "../linux/node_facts.ts";
import { UsersLive } from "../observe/users_live.ts";
import type { JobHealth, SourceContext, SourceOptions } from "./context.ts";
import type { NodeCourse } from "./course.ts";
import { endedRow } from "./ended_rows.ts";
import type { EndedRow, LiveRow, NodeState, QueuedRow, Readouts } from "./feed.ts";
import { type JobFacts, pageFindings } from "./findings.ts";
import { healthShown } from "./health_shown.ts";
import { liveRow } from "./live_rows.ts";
import { LiveStore } from "./live_store.ts";
import { type NodeFigures, NodeLooks, versionsOf } from "./node_figures.ts";
import { byPageId, endedIdOf } from "./page_ids.ts";
import { poolRows, queuedRows, roomOf, usersQueuedRow } from "./queue_rows.ts";
import { heldOf, type Reading, Readings } from "./readings.ts";
import type { Look } from "./source.ts";
import { Sparks } from "./sparks.ts";
import { USERS_JOBS } from "./users_jobs.ts";

/** A user's process costs some 50 ms of a core: all of them together at most a twentieth of one. */
const PAUSE_MS_PER_USER = 1_000;
/** A second of difference between the clocks is rounding, and would move every deadline. */
const CLOCK_STEP_MS = 1_000;
const ENDED_LATELY = 5;

/** Keeps from look to look what rates and courses are made of. */
export class Looks {
  readonly store: LiveStore;
  readonly users: UsersLive | null;
  readonly #readings: Readings;
  readonly #nodeLooks: NodeLooks;
  readonly #sparks = new Sparks();
  readonly #host: string;
  /** What the last look saw, by what the page calls it. */
  #jobs: ReadonlyMap<string, Job> = new Map();
  #rows: ReadonlyMap<string, LiveRow> = new Map();
  #queued: readonly QueuedRow[] = [];
  #figures: NodeFigures | null = null;
  #wallOffsetMs = NaN;
  #versions: string | null = null;

  constructor(readonly context: SourceContext, readonly course: NodeCourse, readonly options: SourceOptions) {
    this.store = new LiveStore(context, context.say);
    this.users = options.seesEverybody
      ? new UsersLive(context, context.say, {
        request: { which: "recent", count: USERS_JOBS },
        pauseMsPerUser: PAUSE_MS_PER_USER,
      })
      : null;
    this.#readings = new Readings(context);
    this.#nodeLooks = new NodeLooks(context);
    this.#host = hostName(context.procs.root) ?? "this node";
  }

  /** As of the last look. */
  get jobs(): ReadonlyMap<string, Job> {
    return this.#jobs;
  }

  get rows(): ReadonlyMap<string, LiveRow> {
    return this.#rows;
  }

  get queued(): readonly QueuedRow[] {
    return this.#queued;
  }

  get figures(): NodeFigures {
    return this.#figures ??= this.#nodeLooks.read();
  }

  /** Wall clock less CLOCK_BOOTTIME. */
  get wallOffsetMs(): number {
    const { clock } = this.context;
    const offsetMs = Math.round(clock.wallMs() - clock.bootMs());
    if (!(Math.abs(offsetMs - this.#wallOffsetMs) <= CLOCK_STEP_MS)) this.#wallOffsetMs = offsetMs;
    return this.#wallOffsetMs;
  }

  /** Name of a live or queued job that the page names. */
  nameOf = (pageId: string): string | null => this.#jobs.get(pageId)?.spec.name ?? null;

  /** The same with its user, for what is kept of it. */
  whose = (pageId: string): { name: string; user: string } | null => {
    const spec = this.#jobs.get(pageId)?.spec;
    return spec === undefined ? null : { name: spec.name, user: spec.user };
  };

  /** Throws StoreError. */
  async look(): Promise<Look> {
    const { clock } = this.context;
    const own = this.store.read();
    this.#jobs = byPageId([...own.live, ...this.users?.jobs() ?? []]);
    const isQueued = ([, { phase }]: [string, Job]) => phase.state === "queued";
    const live = new Map([...this.#jobs].filter((entry) => !isQueued(entry)));
    const readings = this.#readings.read(live);
    this.#figures = this.#nodeLooks.read();
    const facts = this.#facts(live, readings);
    const rows = facts.map(({ row }) => row);
    this.#rows = new Map(rows.map((row) => [row.id, row]));
    const queue = this.#queue(own.isAnyQueued || rows.some(({ pool }) => pool !== null));
    this.#queued = this.#queuedRows(queue);
    const nowMs = clock.wallMs();
    const readouts = this.#readouts(facts, readings);
    const bin = this.course.add(
      {
        atMs: nowMs,
        jobs: rows.map(({ id, memoryBytes, cpuCores }) => ({ jobId: id, memoryBytes, cpuCores })),
        outside: readouts.outside,
        pressure: readouts.pressure,
      },
      this.whose,
    );
    const silentStores = [...this.users?.silent.values() ?? []].map(({ user, asOfMs }) => ({ user, asOfMs }));
    const sweep = this.options.lastSweep();
    const node: NodeState = {
      scope: this.options.seesEverybody ? "node" : "user",
      user: this.options.seesEverybody ? null : this.context.userName,
      host: this.#host,
      bootId: clock.bootId(),
      nowMs,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      versions: this.#versions ??= await versionsOf(this.context),
      allowChanges: this.options.allowChanges,
      lastSweep: sweep === null ? null : { atMs: sweep.atMs, ended: sweep.ended, collected: sweep.collected },
      readouts,
      findings: pageFindings({
        nowMs,
        jobs: facts,
        readouts,
        silentStores,
        lastSweepMs: sweep?.atMs ?? null,
        swept: sweep?.findings ?? [],
      }),
      queue: [...this.#queued],
      pools: queue === null ? [] : poolRows(queue, rows),
      room: queue === null ? null : roomOf(queue),
      ...this.#ended(own),
      silentStores,
    };
    return { node, jobs: rows, bin };
  }

  #facts(live: ReadonlyMap<string, Job>, readings: ReadonlyMap<string, Reading>): JobFacts[] {
    const { clock } = this.context;
    const [bootMs, bootId, nowMs] = [clock.bootMs(), clock.bootId(), clock.wallMs()];
    const { wallOffsetMs } = this;
    this.#sparks.keep(live);
    return [...live].map(([pageId, job]) => {
      const reading = readings.get(pageId) ?? null;
      this.#follow(pageId, job, { nowMs, bytes: reading?.memoryBytes ?? null });
      const health = healthShown(job, pageId, { wallMs: nowMs, bootMs });
      const silent = job.storeUid === undefined ? undefined : this.users?.silent.get(job.storeUid);
      const row = liveRow(job, {
        ...{ pageId, reading, bootMs, bootId, wallOffsetMs },
        spark: this.#sparks.values(pageId),
        health: health?.sign ?? null,
        asOfMs: silent?.asOfMs ?? null,
      });
      return this.#factsOf(job, { row, reading, health, nowMs });
    });
  }

  #factsOf(
    { phase }: Job,
    { row, reading, health, nowMs }: {
      row: LiveRow;
      reading: Reading | null;
      health: JobHealth | null;
      nowMs: number;
    },
  ): JobFacts {
    const bytes = reading?.memoryBytes ?? null;
    return {
      row,
      heldBytes: heldOf(reading),
      paceBytesPerSec: bytes === null ? null : this.#sparks.pace(row.id, nowMs, bytes),
      isSupervised: reading?.isSupervised ?? true,
      survivors: phase.state === "ended" ? phase.survivors : [],
      endedMs: phase.state === "ended" ? phase.endedAtMs : null,
      health: health?.finding ?? null,
    };
  }

  /** Its memory over the last hour: what its supervisor has saved, then what is seen here. */
  #follow(pageId: string, job: Job, { nowMs, bytes }: { nowMs: number; bytes: number | null }): void {
    const startedMs = runningFacts(job)?.startedAtMs ?? null;
    if (!this.#sparks.isKnown(pageId) && startedMs !== null) {
      const samples = job.storeUid === undefined ? this.store.samples(job.spec.id) : [];
      this.#sparks.begin(pageId, samples, startedMs);
    }
    if (bytes !== null) this.#sparks.add(pageId, nowMs, bytes);
  }

  #readouts(facts: readonly JobFacts[], readings: ReadonlyMap<string, Reading>): Readouts {
    const { memoryTotalBytes, memoryAvailableBytes, cores, cpuCores, pressure } = this.figures;
    const byState: Record<string, number> = {};
    for (const { row: { state } } of facts) byState[state] = (byState[state] ?? 0) + 1;
    const held = facts.reduce((sum, { heldBytes, row }) => sum + (heldBytes ?? row.memoryBytes ?? 0), 0);
    const used = [...readings.values()].reduce((sum, reading) => sum + (reading.cpuCores ?? 0), 0);
    return {
      memoryTotalBytes,
      memoryAvailableBytes,
      cores,
      cpuCores,
      outside: {
        memoryBytes: memoryAvailableBytes === null
          ? null
          : Math.max(0, memoryTotalBytes - memoryAvailableBytes - held),
        cpuCores: cpuCores === null ? null : Math.max(0, Math.round((cpuCores - used) * 100) / 100),
      },
      pressure,
      jobsByState: byState,
      queueLength: this.#queued.length,
      queueHeadSinceMs: this.#queued.reduce<number | null>(
        (first, { queuedMs }) => first === null ? queuedMs : Math.min(first, queuedMs),
        null,
      ),
    };
  }

  /** Null where no pool is set up, and no job is in one: then nothing of it is read. */
  #queue(isUsed: boolean): QueueNow | null {
    const { pools } = this.context.settings;
    return isUsed || pools.size > 0 ? readQueueNow(this.context, this.store.store, pools) : null;
  }

  #queuedRows(queue: QueueNow | null): QueuedRow[] {
    const { nameOf, wallOffsetMs } = this;
    const users = [...this.#jobs].filter(([, job]) =>
      job.storeUid !== undefined && job.phase.state === "queued"
    );
    return [
      ...queue === null ? [] : queuedRows(queue, { jobs: this.#jobs, wallOffsetMs, nameOf }),
      ...users.map(([pageId, job]) => usersQueuedRow(job, pageId)),
    ];
  }

  /** Of the caller's store and of the users', the last first. */
  #ended(
    own: { lastEnded: Job | null; endedLately: readonly Job[] },
  ): Pick<NodeState, "lastEnded" | "endedLately"> {
    const any = { sinceMs: null, untilMs: null, search: null, reason: null, behind: null };
    const theirs = (more: { limit: number; isFailedOnly?: true }) =>
      this.users?.store.endedPage({ ...any, ...more }).jobs ?? [];
    const newest = (jobs: readonly Job[]): EndedRow[] =>
      jobs.flatMap((job) => endedRow(job, endedIdOf(job), this.nameOf) ?? []).sort((a, b) =>
        b.endedMs - a.endedMs
      );
    const last = own.lastEnded === null ? [] : [own.lastEnded];
    return {
      endedLately: newest([...own.endedLately, ...theirs({ limit: ENDED_LATELY, isFailedOnly: true })])
        .slice(0, ENDED_LATELY),
      lastEnded: newest([...last, ...theirs({ limit: 1 })])[0] ?? null,
    };
  }
}
