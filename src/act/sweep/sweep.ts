/**
 * One pass over all jobs: the second loop around decide(). It ends what must end and collects what is over, each job by itself and side by
 * side, so that one that hangs holds up no other; then it reports what does not belong.
 *
 * Nothing is acted upon that is not in the store, and nothing of the store that its cgroup's name, place and inode do not confirm.
 */
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Node } from "../../observe/node.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { CgroupGoneError, errorText } from "../../base/errors.ts";
import { atOnce } from "../../base/at_once.ts";
import { type Action, decide } from "../../job/decide.ts";
import type { Observation } from "../../job/observation.ts";
import type { EndReason, Job } from "../../job/job.ts";
import { NO_ANSWERS, type OwnersAnswers, ownersWord } from "../../observe/owner_answers.ts";
import { unclearFindings } from "../../observe/owner_unclear.ts";
import { askOwner } from "../../observe/owner.ts";
import type { JobStore } from "../../store/jobs.ts";
import { enforcementOn } from "../end/end_job.ts";
import { sweepHealth } from "../health/without_supervisor.ts";
import { carryOut, isAct, type JobAct } from "../end/carry_out.ts";
import { endEscapees } from "../end/end_escapees.ts";
import type { EndedProcess } from "../end/end_processes.ts";
import { runAllDueOnEnd } from "../end/due_on_end.ts";
import { Ledger } from "../../store/ledger.ts";
import { observeJob } from "../../observe/job.ts";
import { type Escapee, escapeeFinding, findEscapees, isEndable } from "../../observe/escapees.ts";
import type { Finding } from "../../job/finding.ts";
import { findLeftovers } from "../../observe/leftovers.ts";
import { damagedRow, jobFinding, unknownCgroup, unreadable } from "./findings.ts";
import { applyRetention, type Pruned } from "./prune.ts";

/** Jobs ended side by side; each spends its time waiting for the kernel. */
const AT_ONCE = 64;
/** A longer grace is begun and not waited out: the next sweeps go on with it, and this one does not hold them up. */
export const PATIENCE_MS = 30_000;

/** At a job whose cgroup vanishes each time. */
const LOOKS = 3;

/** How to sweep. */
export interface SweepOptions {
  dryRun: boolean;
  onOrphan: Observation["onOrphan"];
  /** What to do with processes that left their job: report them, or end them once the job is over. */
  escapees: "report" | "kill";
  statusCommand: string | null;
  /** How long the record of an ended job is kept; null: for ever. */
  retentionMs: number | null;
  /** In lower case. */
  finishedStatuses: readonly string[];
  /** Sweeps in a row that must hear "finished". */
  strikes: number;
  /** The longest grace that is waited out. */
  patienceMs: number;
  /** Of escapees that are ended. */
  graceMs: number;
  /** Called when the jobs are done: another sweep may begin. */
  unlock?: () => void;
  /** Called after each look at a job, with the number of jobs done and of all. */
  onLook?: (done: number, all: number) => void;
  /** True once nothing more is to be begun. */
  isStopped: () => boolean;
}

/** What was done to one job, or would be. */
export interface SweepAct {
  job: Job;
  action: JobAct["do"];
  reason: EndReason;
  /** `grace`: the first signal is sent, and the grace goes on. `planned`: a dry run. */
  outcome: "ended" | "grace" | "alive" | "failed" | "planned";
  survivors: number;
  /** Why it failed. */
  message: string | null;
}

/** Told of everything as it happens. */
export interface SweepListener {
  act(act: SweepAct): void;
  finding(finding: Finding): void;
  /** An escapee that was to be ended, and what became of it. */
  escapee(escapee: Escapee, result: EndedProcess): void;
  /** Old records that were dropped, if any. */
  pruned(pruned: Pruned): void;
}

/** Resolves when everything that can be done has been done. Throws StoreError when the jobs cannot be read. */
export async function sweep(
  node: Node & Diagnostics,
  store: JobStore,
  options: SweepOptions,
  listener: SweepListener,
): Promise<void> {
  await new Sweep(node, store, options, listener).run();
}

class Sweep {
  readonly #ledger: Ledger;
  /** One moment for all: what becomes overdue meanwhile is the next sweep's. */
  readonly #bootMs: number;

  constructor(
    readonly node: Node & Diagnostics,
    readonly store: JobStore,
    readonly options: SweepOptions,
    readonly listener: SweepListener,
  ) {
    this.#ledger = new Ledger(store, (line) => node.say(line), { isShared: true });
    this.#bootMs = node.clock.bootMs();
  }

  async run(): Promise<void> {
    const { node, store, options, listener } = this;
    const live = store.live((damage) => listener.finding(damagedRow(damage)));
    const { ended, unknown } = findLeftovers(node, store, live);
    crashPoint("sweep: jobs read");
    const answers = this.#askOwner(live);
    const jobs = [...live, ...ended];
    let done = 0;
    await atOnce(jobs, AT_ONCE, async (job) => {
      await this.#treat(job, false);
      options.onLook?.(++done, jobs.length);
    });
    const finished = this.#finishedJobs(live, await answers);
    await atOnce(finished, AT_ONCE, (job) => this.#treat(job, true));
    for (const finding of unknown.map(unknownCgroup)) listener.finding(finding);
    crashPoint("sweep: jobs done");
    if (!options.dryRun) await this.#removeGuards();
    this.#ledger.flush();
    if (!options.dryRun && !options.isStopped()) {
      listener.pruned(await applyRetention(node, store, options.retentionMs));
    }
    options.unlock?.();
    if (!options.dryRun) await runAllDueOnEnd(node, store, options.isStopped);
    // Last, and not in the way of the next sweep: it looks into other processes, and those may hang.
    await this.#treatEscapees();
    // What could not be recorded before: there may be room by now.
    this.#ledger.flush();
  }

  /** Cgroups that guards left when they had to kill their job. The ones of another store's jobs are its own sweep's. */
  async #removeGuards(): Promise<void> {
    const isLive = (id: string) => this.store.get(id, () => {})?.phase.state !== "ended";
    for (const backend of this.node.backends()) {
      backend.removeGuards(isLive);
      await backend.stopGuards(isLive);
    }
  }

  async #treatEscapees(): Promise<void> {
    if (this.options.isStopped()) return;
    const { node, store, options, listener } = this;
    const escapees = await findEscapees(node, store);
    const kills = options.escapees === "kill" && !options.dryRun;
    const [endable, others] = partition(escapees, (escapee) => kills && isEndable(escapee));
    for (const escapee of others) listener.finding(escapeeFinding(escapee));
    for (const [index, ended] of (await endEscapees(node, endable, options.graceMs)).entries()) {
      listener.escapee(endable[index]!, ended);
    }
  }

  async #askOwner(live: readonly Job[]): Promise<OwnersAnswers> {
    const refs = live.map(({ spec }) => spec.ref).filter((ref) => ref !== null);
    const { statusCommand, finishedStatuses } = this.options;
    if (statusCommand === null) return NO_ANSWERS;
    const answers = await askOwner(this.node, statusCommand, refs, finishedStatuses);
    for (const finding of unclearFindings(answers)) this.listener.finding(finding);
    return answers;
  }

  /** The jobs that the owner has called finished often enough, this time included. */
  #finishedJobs(live: readonly Job[], answers: OwnersAnswers): Job[] {
    return live.flatMap(({ spec, phase }) => {
      const isFinished = ownersWord(answers, spec.ref, this.options.finishedStatuses);
      if (phase.state !== "running" || isFinished === null) return [];
      if (this.#countStrike(spec.id, isFinished) < this.options.strikes) return [];
      crashPoint("sweep: owner heard");
      const now = this.store.get(spec.id);
      return now?.phase.state === "running" ? [now] : [];
    });
  }

  #countStrike(id: string, isFinished: boolean): number {
    const before = this.store.strikes(id);
    const after = isFinished ? before + 1 : 0;
    return after === before || this.options.dryRun ? after : this.store.countStrike(id, isFinished);
  }

  /** Looks at one job and does what is to be done. Never throws: the others must not suffer. */
  async #treat(job: Job, finishedByOwner: boolean, looks = 1): Promise<void> {
    if (this.options.isStopped()) return;
    try {
      const { onOrphan } = this.options;
      const wishes = { onOrphan, finishedByOwner, bootMs: this.#bootMs, recorded: this.store };
      const seen = await this.#withHealth(job, observeJob(this.node, job, wishes));
      const action = decide(job, seen);
      if (action.do === "report") this.listener.finding(jobFinding(job, action.finding));
      if (!isAct(action)) return;
      // The record is older than the look at its cgroup: what has ended by itself meanwhile has left nothing to do.
      const now = this.store.get(job.spec.id);
      if (now !== null && now.phase.state !== job.phase.state) {
        return await this.#treat(now, finishedByOwner, looks);
      }
      this.listener.act(await this.#perform(job, action, seen));
    } catch (error) {
      const now = this.#again(job, error, looks);
      if (now === null) this.listener.finding(unreadable(job, error));
      else await this.#treat(now, finishedByOwner, looks + 1);
    }
  }

  /** Without a look where another process looks after it, and in a dry run, which records nothing. */
  async #withHealth(job: Job, seen: Observation): Promise<Observation> {
    if (job.spec.health === undefined || job.phase.state !== "running" || this.options.dryRun) return seen;
    const warn = (line: string) => this.node.say(line);
    const on = enforcementOn(this.node, { ledger: this.#ledger, actor: "sweep", warn });
    const unhealthy = await sweepHealth(this.node, job, { seen, on });
    // The verdict on a job with a supervisor is that one's, unless it cannot act.
    return unhealthy === null ? seen : { ...seen, unhealthy, supervisor: "gone" };
  }

  /** What vanished between the look and the act was the job's end, not a foreign thing in its place: it is looked at again. */
  #again(job: Job, error: unknown, looks: number): Job | null {
    return error instanceof CgroupGoneError && looks < LOOKS ? this.store.get(job.spec.id) : null;
  }

  async #perform(job: Job, action: JobAct, seen: Observation): Promise<SweepAct> {
    const act = { job, action: action.do, reason: action.reason, survivors: 0, message: null };
    if (this.options.dryRun) return { ...act, outcome: "planned" };
    crashPoint("sweep: decided");
    try {
      const { patienceMs } = this.options;
      const order = { action, seen, actor: "sweep", patienceMs, ledger: this.#ledger };
      await carryOut(this.node, this.store, job, order);
      crashPoint("sweep: acted");
    } catch (error) {
      if (error instanceof CgroupGoneError) throw error;
      return { ...act, outcome: "failed", message: errorText(error) };
    }
    return { ...act, ...this.#result(job, action) };
  }

  #result(job: Job, action: Action): Pick<SweepAct, "outcome" | "survivors"> & Partial<SweepAct> {
    const phase = this.store.get(job.spec.id)?.phase;
    if (phase?.state === "ending") return { outcome: "grace", survivors: 0 };
    if (phase?.state !== "ended") return { outcome: "ended", survivors: 0 };
    const survivors = phase.survivors.length;
    const { reason } = "reason" in action && job.phase.state === "ended" ? action : phase;
    return { reason, outcome: survivors > 0 ? "alive" : "ended", survivors };
  }
}

function partition<T>(items: readonly T[], fits: (item: T) => boolean): [T[], T[]] {
  return [items.filter(fits), items.filter((item) => !fits(item))];
}
