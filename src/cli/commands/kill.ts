/** `corral kill`: ends jobs, whichever process supervises them. */
import { Command } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT, parserFor, UsageError } from "../../base/errors.ts";
import { atOnce } from "../../base/at_once.ts";
import { printable, shortened } from "../../base/text.ts";
import { isLive, type Job } from "../../job/job.ts";
import { parseName, parseRef } from "../../value/name.ts";
import { stillAlive } from "../../job/outcome.ts";
import { toJson } from "../../base/json.ts";
import { renderTable } from "../../view/table.ts";
import { formatCount, MISSING } from "../../value/units.ts";
import type { JobStore } from "../../store/jobs.ts";
import { killJob, type KillResult } from "../../act/end/kill_job.ts";
import { cgroupRecord } from "../../observe/job.ts";
import { StopSignals } from "../../linux/stop_signals.ts";
import { collect } from "../job_options.ts";
import { filterJobs, refuseUnclear, selectJobs } from "../kill_choice.ts";
import { killOthers, stillLiving } from "../kill_others.ts";
import { sendSignal } from "../../act/end/send_signal.ts";
import { parseSignal, type Signal } from "../../value/signal.ts";
import { parseTag } from "../../value/tag.ts";
import { admitNext } from "../../act/queue/pass.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";

/** Number of jobs that are ended side by side; each spends its time waiting. */
const AT_ONCE = 32;

function command() {
  return new Command("kill")
    .description(
      "Ends jobs: first signal, the job's grace, then KILL to the whole cgroup. Returns when nothing of them is left.",
    )
    .argument("[JOB...]", JOB_FORMS)
    .option("--all", "every live job")
    .option("-n, --name <NAME>", "live jobs of this name", parserFor("--name", parseName))
    .option("--ref <REF>", "live jobs of this ref", parserFor("--ref", parseRef))
    .option("-u, --user <USER>", "live jobs of this user")
    .option(
      "--tag <KEY=VALUE>",
      "live jobs with this tag, repeatable: all of them",
      collect(parserFor("--tag", parseTag)),
    )
    .option("--mine", "with a filter: root's own jobs only")
    .option("--now", "no first signal, no grace")
    .option(
      "-s, --signal <SIG>",
      "only send this signal, to every process of the jobs: nothing is ended by corral",
      parserFor("--signal", parseSignal),
    )
    .option("--dry-run", "show what would be ended")
    .option("--yes", "do not ask, before --all or about other users' jobs")
    .option("--json", "print JSON");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function killVerb(invoke: Invoke) {
  const kill = command();
  kill.action((selectors, options) => invoke(kill, (context) => killJobs(context, selectors, options)));
  return kill;
}

async function killJobs(context: Context, selectors: string[], options: Options): Promise<number> {
  const [store, former] = [context.openStore("kill"), context.openFormerStore("kill")];
  let exitCode: number = EXIT.DONE;
  const say = (line: string) => {
    exitCode = EXIT.NEGATIVE;
    context.say(line);
  };
  refuseUnclear(selectors, options);
  if (options.now && options.signal !== undefined) {
    throw new UsageError("--now ends jobs, and --signal only sends a signal: give one of them");
  }
  const jobs = selectors.length > 0
    ? await selectJobs(context, bothStores(store, former), { ...options, selectors })
    : await filterJobs(context, options, say);
  if (options.dryRun) {
    await showPlan(context, jobs, options.json ?? false);
    return exitCode;
  }
  if (options.all && !options.yes && jobs.length > 0 && !confirmed(context, jobs.length)) {
    return EXIT.NEGATIVE;
  }
  if (selectors.length > 0 && !options.yes && !confirmedOthers(context, jobs)) return EXIT.NEGATIVE;
  const own = jobs.filter(({ storeUid }) => storeUid === undefined).map((job) => ({
    job,
    store: storeOf(job.spec.id, store, former),
  }));
  const isDone = options.signal === undefined
    ? await endJobs(context, own, jobs, options)
    : await signalJobs(context, own, jobs, { ...options, signal: options.signal });
  await admitNext(context, context.settings.pools);
  return isDone ? exitCode : EXIT.NEGATIVE;
}

/** The caller's own jobs, each with the store that has it. */
type Own = readonly { job: Job; store: JobStore }[];

async function endJobs(
  context: Context,
  own: Own,
  all: readonly Job[],
  { now = false, json = false }: { now?: boolean | undefined; json?: boolean | undefined },
): Promise<boolean> {
  const stop = new StopSignals();
  stop.listenIfAble(context.procs.root);
  // A first signal to this command cuts the grace short; no signal stops the kill half-way.
  const hurry = new AbortController();
  stop.onSignal(() => hurry.abort());
  const order = { skipGrace: now, actor: "kill", hurry: hurry.signal };
  const [results, others] = await Promise.all([
    atOnce(own, AT_ONCE, ({ job, store }) => killJob(context, store, job, order)),
    killOthers(context, all, { options: now ? ["--now"] : [], json }),
  ]);
  const haveEnded = tell(context, results, others.results, json) && others.isDone;
  return stillLiving(context, all).length === 0 && haveEnded;
}

/** Only sends it. */
async function signalJobs(
  context: Context,
  own: Own,
  all: readonly Job[],
  { signal, json = false }: { signal: Signal; json?: boolean | undefined },
): Promise<boolean> {
  const results = own.map(({ job, store }) => sendSignal(context, store, job, signal));
  const others = await killOthers(context, all, { options: ["--signal", signal.name], json });
  if (json) context.stdout.write(toJson([...results, ...others.results]) + "\n");
  for (const { id, sent, refused } of results) {
    if (refused !== null) context.say(`job ${id}: ${signal.name} not sent: ${refused}`);
    else if (!json) {
      context.stdout.write(`${id} ${signal.name} sent to ${sent} process${sent === 1 ? "" : "es"}\n`);
    }
  }
  return results.every(({ refused }) => refused === null) && others.isDone;
}

/** On a terminal root is told whose jobs it has named; ids are the users' words. */
function confirmedOthers(context: Context, jobs: readonly Job[]): boolean {
  const others = jobs.filter(({ storeUid }) => storeUid !== undefined);
  if (others.length === 0 || !context.interactive) return true;
  const words = others.map(({ spec }) => `${spec.id} ${printable(shortened(spec.name, 40))} of ${spec.user}`);
  return context.confirm(`Act on ${words.join(", ")}?`);
}

function confirmed(context: Context, count: number): boolean {
  const question = `End all ${count} live jobs?`;
  if (!context.interactive) throw new UsageError(`${question} Say --yes: there is no terminal to ask on`);
  return context.confirm(question);
}

async function showPlan(context: Context, jobs: Job[], json: boolean): Promise<void> {
  const rows = jobs.filter(isLive).map((job) => ({
    id: job.spec.id,
    name: job.spec.name,
    user: job.spec.user,
    procs: count(context, job),
  }));
  if (json) context.stdout.write(toJson(rows) + "\n");
  else {
    const columns = (["id", "name", "user", "procs"] as const).map((key) => ({
      key,
      title: key,
      align: "left" as const,
    }));
    const cells = rows.map((row) => ({ ...row, procs: formatCount(row.procs) }));
    context.stdout.write(
      await renderTable(columns, cells, {
        widthColumns: context.stdout.widthColumns,
        colour: context.colour,
      }),
    );
  }
}

function count(context: Context, job: Job): number | null {
  const record = cgroupRecord(context, job);
  const cgroups = context.cgroups();
  return record !== null && cgroups.isOwn(record, job.spec.id)
    ? cgroups.own(record, job.spec.id).pids().length
    : null;
}

/** True when all of them have ended. */
function tell(context: Context, results: KillResult[], others: unknown[], json: boolean): boolean {
  if (json) context.stdout.write(toJson([...results, ...others]) + "\n");
  for (const { id, reason, survivors, refused } of results) {
    if (refused !== null) context.say(`job ${id}: not ended: ${refused}`);
    else if (survivors > 0) {
      context.say(`job ${id}: ${stillAlive(survivors)}: corral show ${id}`);
    } else if (!json) context.stdout.write(`${id} ended: ${reason ?? MISSING}\n`);
  }
  return results.every(({ survivors, refused }) => survivors === 0 && refused === null);
}
