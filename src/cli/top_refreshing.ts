/** The loop of `corral top`: reads at intervals, obeys keys and signals in between. */
import type { Context } from "./context.ts";
import { EXIT } from "../base/errors.ts";
import { hostName } from "../linux/node_facts.ts";
import type { Job } from "../job/job.ts";
import { pressed, type View } from "../view/top.ts";
import type { JobStore } from "../store/jobs.ts";
import { type CpuReadings, readCpuTimes, readLiveJobs, SHORT_INTERVAL_MS } from "../observe/live.ts";
import type { UsersLive } from "../observe/users_live.ts";
import type { Display, Snapshot } from "../view/top_display.ts";

/** Below it, the kernel's ticks (1 to 10 ms) would show in cpu%. */
export const MIN_INTERVAL_MS = 100;

/** Options of one call. `count` is a number of tables; Infinity: until the user quits. */
export interface TopOptions {
  readonly intervalMs: number;
  readonly count: number;
  readonly view: View;
}

/** How it came to its end; `last` is the last of `count` tables. */
export interface TopEnd {
  readonly exitCode: number;
  readonly last: { snapshot: Snapshot; view: View } | null;
}

/** What it works with. `say` takes lines for stderr. */
export interface RefreshingParts {
  readonly context: Context;
  readonly store: Pick<JobStore, "live">;
  /** Null where only the caller's own jobs are in sight. */
  readonly users: Pick<UsersLive, "jobs" | "isWhole"> | null;
  readonly display: Display;
  readonly say: (line: string) => void;
  /** Ends a job and tells in one line what became of it. Never throws. */
  readonly end: (job: Job) => Promise<string>;
}

/** One call of `corral top`. */
export class Refreshing {
  readonly #parts: RefreshingParts;
  readonly #damages = new Set<string>();
  readonly #host: string;
  /** Of jobs that are being ended: a grace takes seconds, and the table goes on meanwhile. */
  readonly #ends = new Set<Promise<void>>();
  readonly #notes: string[] = [];

  constructor(parts: RefreshingParts) {
    this.#parts = parts;
    this.#host = hostName(parts.context.procs.root) ?? "this node";
  }

  /** Runs until the last table, `q`, a signal, or the reader of the output has gone. Throws StoreError. */
  async run({ intervalMs, count, view: first }: TopOptions): Promise<TopEnd> {
    const { context, display } = this.#parts;
    let view = first;
    let snapshot: Snapshot | null = null;
    const jobs = this.#jobs();
    let cpu = readCpuTimes(context, jobs);
    let dueMs = cpu.bootMs + (jobs.length === 0 ? 0 : Math.min(intervalMs, SHORT_INTERVAL_MS));
    for (let refreshes = 0; refreshes < count;) {
      const event = await display.next(Math.max(0, dueMs - context.clock.bootMs()));
      if (event?.kind === "signal") return { exitCode: EXIT.SIGNAL_BASE + event.signal, last: null };
      if (event?.kind === "key") {
        const chosen = pressed(view, event.key, snapshot?.live.map(({ job }) => job));
        if (chosen?.act === "quit") return await this.#end(null);
        if (chosen?.act === "refresh") dueMs = Math.min(dueMs, cpu.bootMs + MIN_INTERVAL_MS);
        if (chosen === null || chosen.act === "refresh") continue;
        if (chosen.job !== undefined) this.#endJob(chosen.job);
        view = chosen.view;
      }
      if (event === null) {
        if (this.#notes.length > 0) view = { ...view, note: this.#notes.splice(0).join("; ") };
        ({ snapshot, cpu } = await this.#read(cpu));
        dueMs = cpu.bootMs + intervalMs;
        refreshes++;
      }
      if (snapshot !== null && !await display.show(snapshot, view)) return await this.#end(null);
    }
    return await this.#end(snapshot === null ? null : { snapshot, view });
  }

  async #end(last: TopEnd["last"]): Promise<TopEnd> {
    // What was begun is done: the process that started the ending of a job finishes it.
    await Promise.all(this.#ends);
    const isWhole = this.#parts.users?.isWhole ?? true;
    return { exitCode: this.#damages.size === 0 && isWhole ? EXIT.DONE : EXIT.NEGATIVE, last };
  }

  #endJob(job: Job): void {
    const ending = this.#parts.end(job).then((note) => {
      this.#notes.push(note);
      this.#ends.delete(ending);
    });
    this.#ends.add(ending);
  }

  async #read(since: CpuReadings): Promise<{ snapshot: Snapshot; cpu: CpuReadings }> {
    const { context } = this.#parts;
    let damaged = 0;
    const { live, cpu } = await readLiveJobs(context, this.#jobs(() => damaged++), since);
    const at = {
      wallMs: context.clock.wallMs(),
      bootMs: context.clock.bootMs(),
      bootId: context.clock.bootId(),
    };
    return { snapshot: { host: this.#host, at, live, damaged }, cpu };
  }

  /** Each damage is told once. */
  #jobs(onDamage = () => {}): Job[] {
    const own = this.#parts.store.live(({ message }) => {
      onDamage();
      if (!this.#damages.has(message)) this.#parts.say(message);
      this.#damages.add(message);
    });
    return [...own, ...this.#parts.users?.jobs() ?? []];
  }
}
