/** `corral sweep`: one pass that ends jobs whose supervisor or owner is gone. Made for cron and timers. */
import { dirname } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { choiceOption } from "../choice_option.ts";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { CorralError, EXIT, parserFor } from "../../base/errors.ts";
import { choiceOf } from "../../value/choice.ts";
import { parseTasks } from "../../value/count.ts";
import { toJson } from "../../base/json.ts";
import {
  actJson,
  actLine,
  escapeeJson,
  escapeeLine,
  findingLine,
  isGoneNow,
  PLAN_COLUMNS,
  planRow,
} from "../../view/sweep.ts";
import { renderTable } from "../../view/table.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { Escapee } from "../../observe/escapees.ts";
import type { EndedProcess } from "../../act/end/end_processes.ts";
import { admitNext } from "../../act/queue/pass.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import { StopSignals } from "../../linux/stop_signals.ts";
import type { Pruned } from "../../act/sweep/prune.ts";
import type { Finding } from "../../job/finding.ts";
import { seesEverybody } from "../in_sight.ts";
import { isIll, usersJson, usersLines } from "../users_words.ts";
import { runForUsers, type UsersRun } from "../../act/sweep/for_users.ts";
import { USERS_DIR } from "../../store/place.ts";
import { Unwritten } from "../../store/unwritten.ts";
import { noteSweep } from "../../store/sweep_lock.ts";
import { isAnythingAt } from "../../base/trust.ts";
import {
  PATIENCE_MS,
  sweep,
  type SweepAct,
  type SweepListener,
  type SweepOptions,
} from "../../act/sweep/sweep.ts";

function command() {
  return new Command("sweep")
    .description(
      "One pass over all jobs, for cron or a timer: ends jobs that are overdue, whose supervisor is gone or whose owner calls them " +
        "finished, collects ended ones, tries again what could not be killed, and reports processes and cgroups that belong to no job. " +
        "Exit 1 if something that should have ended is alive, 75 if another sweep is running.",
    )
    .option("--dry-run", "show what would be done")
    .option("--quiet", "print only what was done and what is newly found")
    .addOption(choiceOption(
      "--on-orphan <ACTION>",
      "live jobs whose supervisor is gone: kill or keep (default: kill)",
      choiceOf("--on-orphan", ["kill", "keep"]),
    ))
    .addOption(choiceOption(
      "--escapees <ACTION>",
      "processes that left the cgroup of their job: report or kill, once the job is over (default: report)",
      choiceOf("--escapees", ["report", "kill"]),
    ))
    .option(
      "--status-command <CMD>",
      "shell command that reads the refs of live jobs, one a line, and prints REF STATUS",
    )
    .option(
      "--strikes <N>",
      "consecutive sweeps in which the owner must report a job finished (default: 2)",
      parserFor("--strikes", parseTasks),
    )
    .option("--mine", "root's own jobs only, and not every user's")
    .option("--json", "print JSON");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function sweepVerb(invoke: Invoke) {
  const verb = command();
  verb.action((options) => invoke(verb, (context) => sweepOnce(context, options)));
  return verb;
}

/** A dry run makes neither a store nor a lock in it. */
const NO_LOCK: Disposable = { [Symbol.dispose]() {} };

async function sweepOnce(context: Context, options: Options): Promise<number> {
  // At a signal the sweep begins nothing new and finishes the job at hand: half ended, that could be left frozen.
  const stop = new StopSignals();
  stop.listenIfAble(context.procs.root);
  const log = await sweepPass(context, options, () => stop.received !== null);
  if (stop.received !== null) return EXIT.SIGNAL_BASE + stop.received;
  return log.isClean ? EXIT.DONE : EXIT.NEGATIVE;
}

/** One pass: of `corral sweep`, and of `corral serve` at intervals. Throws CorralError with EXIT.SWEEP_RUNNING while another sweep runs. */
export async function sweepPass(
  context: Context,
  options: Options,
  isStopped: () => boolean,
): Promise<Pick<SweepLog, "isClean" | "summary">> {
  const { settings } = context;
  const store = context.openStore(options.dryRun ? "dry-run" : "sweep");
  const lock = options.dryRun && isOnLocalFileSystem(settings.stateDir) && !isAnythingAt(store.path)
    ? NO_LOCK
    : store.lockSweep();
  if (lock === null) throw new CorralError("another sweep is running", { exitCode: EXIT.SWEEP_RUNNING });
  using held = new DisposableStack();
  held.use(lock);
  crashPoint("sweep: locked");
  if (!options.dryRun) context.unwritten().complete(store, context.say);
  const log = new SweepLog(context, store, options);
  const unlock = () => held.dispose();
  const former = context.openFormerStore(store.actor);
  // Before their end is recorded: what runs no more because the node rebooted may be queued again.
  if (!options.dryRun) store.requeueLost(context.clock.bootId(), context.clock.wallMs());
  const onLook = (done: number, jobs: number) =>
    void (options.quiet || context.progress.tell(() => `${done} of ${jobs} jobs looked at`));
  const all = { ...sweepOptions(context, options), isStopped, unlock, onLook };
  await sweep(context, store, all, former === null ? log : log.except(former));
  if (!options.dryRun && !isStopped()) {
    noteSweep(store.path, context.clock.wallMs());
    await admitNext(context, settings.pools);
  }
  if (former !== null) await sweepFormer(context, former, all, log.except(store));
  if (seesEverybody(context) && !options.mine && !isStopped()) {
    log.users(await sweepOthers(context, options, log));
  }
  await log.close();
  return log;
}

/** Each user's jobs, by a process of that user. What root asked for counts for all. */
function sweepOthers(context: Context, options: Options, log: SweepLog): Promise<UsersRun[]> {
  const { dryRun, quiet, json, onOrphan, escapees, strikes } = options;
  const words = [
    ...(dryRun ? ["--dry-run"] : []),
    ...(quiet || !json && !dryRun ? ["--quiet"] : []),
    ...(json ? ["--json"] : []),
    ...(onOrphan === undefined ? [] : ["--on-orphan", onOrphan]),
    ...(escapees === undefined ? [] : ["--escapees", escapees]),
    ...(strikes === undefined ? [] : ["--strikes", String(strikes)]),
  ];
  return runForUsers(context, context.settings.userStateDir ?? USERS_DIR, ["sweep", ...words], (line) => {
    log.incomplete();
    context.say(line);
  });
}

/** The jobs of before; with a lock of their own, as the sweep of an older corral has it too. */
async function sweepFormer(
  context: Context,
  former: JobStore,
  options: SweepOptions,
  listener: SweepListener,
): Promise<void> {
  using lock = former.lockSweep();
  if (lock === null) return;
  // Beside it, as for the present one where its file system is local.
  const unwritten = new Unwritten(`${dirname(former.path)}/unwritten`, former.path);
  if (!options.dryRun) unwritten.complete(former, context.say);
  await sweep(context, former, { ...options, unlock: () => {} }, listener);
}

function sweepOptions({ settings }: Context, options: Options): Omit<SweepOptions, "isStopped" | "unlock"> {
  return {
    dryRun: options.dryRun ?? false,
    onOrphan: options.onOrphan ?? settings.onOrphan,
    escapees: options.escapees ?? settings.escapees,
    statusCommand: options.statusCommand ?? settings.statusCommand,
    finishedStatuses: settings.finishedStatuses,
    strikes: options.strikes ?? settings.strikes,
    patienceMs: PATIENCE_MS,
    graceMs: settings.graceMs,
    retentionMs: settings.retentionMs,
  };
}

/** Prints acts as they happen, and at the end new findings, the table of a dry run, or JSON. */
class SweepLog {
  readonly #acts: SweepAct[] = [];
  readonly #findings: Finding[] = [];
  readonly #escapees: [Escapee, EndedProcess][] = [];
  #pruned: Pruned = { jobs: 0, outputFiles: 0 };
  #users: UsersRun[] = [];
  #isComplete = true;

  constructor(readonly context: Context, readonly store: JobStore, readonly options: Options) {}

  /** False when something that should have ended is alive. */
  get isClean(): boolean {
    return this.#acts.every(({ outcome }) => outcome !== "alive" && outcome !== "failed") &&
      this.#isComplete && !this.#users.some(isIll) &&
      this.#escapees.every(([, { ended }]) => isGoneNow(ended));
  }

  /** Jobs that it ended, jobs that had ended and were recorded, and what it found. */
  get summary(): { ended: number; collected: number; findings: readonly Finding[] } {
    const done = this.#acts.filter(({ outcome }) => outcome === "ended" || outcome === "grace");
    const collected = done.filter(({ action }) => action === "collect").length;
    return { ended: done.length - collected, collected, findings: this.#findings };
  }

  act(act: SweepAct): void {
    this.#acts.push(act);
    if (!this.options.json && !this.options.dryRun) this.#print(actLine(act, this.#forJournal));
  }

  /** For the sweep of one of two stores: a cgroup of a job in the `other` one is no finding. */
  except(other: JobStore): SweepListener {
    const isKnown = ({ kind, id }: Finding) => kind === "unknown-cgroup" && id !== null && other.isTaken(id);
    return {
      act: (act) => this.act(act),
      finding: (finding) => void (isKnown(finding) || this.finding(finding)),
      escapee: (escapee, result) => this.escapee(escapee, result),
      pruned: (pruned) => this.pruned(pruned),
    };
  }

  finding(finding: Finding): void {
    this.#findings.push(finding);
  }

  escapee(escapee: Escapee, result: EndedProcess): void {
    this.#escapees.push([escapee, result]);
    if (!this.options.json) this.#print(escapeeLine(escapee, result, this.#forJournal));
  }

  pruned(pruned: Pruned): void {
    const { jobs, outputFiles } = this.#pruned;
    this.#pruned = { jobs: jobs + pruned.jobs, outputFiles: outputFiles + pruned.outputFiles };
  }

  /** A user's jobs were not swept. */
  incomplete(): void {
    this.#isComplete = false;
  }

  users(sweeps: UsersRun[]): void {
    this.#users = sweeps;
  }

  async close(): Promise<void> {
    const { context, options } = this;
    if (options.json) {
      context.stdout.write(`${toJson(this.#json())}\n`);
      return;
    }
    if (options.dryRun) {
      const { widthColumns } = context.stdout;
      context.stdout.write(
        await renderTable(PLAN_COLUMNS, this.#acts.map(planRow), { widthColumns, colour: context.colour }),
      );
    }
    const shown = options.quiet && !options.dryRun ? this.#newFindings() : this.#findings;
    for (const finding of shown) this.#print(findingLine(finding, this.#forJournal));
    if (this.#pruned.jobs > 0 && !options.quiet) this.#print(`dropped old records: ${this.#pruned.jobs}`);
    const ofUsers = this.#users.flatMap(usersLines);
    for (const line of ofUsers) this.#print(line);
    const isIdle = ofUsers.length === 0 &&
      this.#acts.length + this.#findings.length + this.#escapees.length + this.#pruned.jobs === 0;
    if (isIdle && !options.quiet && !options.dryRun) this.#print("nothing to do");
  }

  #json() {
    return {
      ok: this.isClean,
      dryRun: this.options.dryRun ?? false,
      acts: this.#acts.map(actJson),
      escapees: this.#escapees.map(([escapee, result]) => escapeeJson(escapee, result)),
      findings: this.#findings.map(({ key: _, ...rest }) => rest),
      dropped: this.#pruned.jobs,
      ...(this.#users.length === 0 ? {} : { users: this.#users.map((run) => usersJson("sweep", run)) }),
    };
  }

  /** Reports a lasting finding once: cron would mail it every five minutes. */
  #newFindings(): Finding[] {
    const keys = this.#findings.map(({ key }) => key);
    const fresh = this.store.newFindings(keys, this.context.clock.wallMs());
    crashPoint("sweep: findings recorded");
    return this.#findings.filter(({ key }) => fresh.has(key));
  }

  get #forJournal(): boolean {
    return this.context.stdout.isJournal;
  }

  #print(line: string): void {
    this.context.stdout.offer(`${line}\n`);
  }
}
