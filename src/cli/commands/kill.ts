/** `corral kill`: ends jobs, whichever process supervises them. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT, NotFoundError, parserFor, UsageError } from "../../base/errors.ts";
import { atOnce } from "../../base/at_once.ts";
import { isLive, type Job } from "../../job/job.ts";
import { parseName, parseRef } from "../../value/name.ts";
import { stillAlive } from "../../job/outcome.ts";
import { toJson } from "../../base/json.ts";
import { renderTable } from "../../view/table.ts";
import { formatCount, MISSING } from "../../value/units.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { OnDamage } from "../../store/rows.ts";
import { killJob, type KillResult } from "../../act/end/kill_job.ts";
import { cgroupRecord } from "../../observe/job.ts";
import { canHaveThread } from "../../linux/lone_process.ts";
import { ignoredSignals, StopSignals } from "../../linux/stop_signals.ts";
import { collect } from "../job_options.ts";
import { hasTags, selectLive } from "../select.ts";
import { parseTag } from "../../value/tag.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";

/** Number of jobs that are ended side by side; each spends its time waiting. */
const AT_ONCE = 32;

function command() {
  return new Command("kill")
    .description(
      "Ends jobs: first signal, the job's grace, then KILL to the whole cgroup. Returns when nothing of them is left.",
    )
    .argument("[JOB...]", "id, unique prefix, name:NAME or ref:REF")
    .option("--all", "every live job")
    .option("-n, --name <NAME>", "live jobs of this name", parserFor("--name", parseName))
    .option("--ref <REF>", "live jobs of this ref", parserFor("--ref", parseRef))
    .option("-u, --user <USER>", "live jobs of this user")
    .option(
      "--tag <KEY=VALUE>",
      "live jobs with this tag, repeatable: all of them",
      collect(parserFor("--tag", parseTag)),
    )
    .option("--now", "no first signal, no grace")
    .option("--dry-run", "show what would be ended")
    .option("--yes", "do not ask before --all")
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
  const jobs = chooseJobs(bothStores(store, former), selectors, options, ({ message }) => {
    exitCode = EXIT.NEGATIVE;
    context.say(message);
  });
  if (options.dryRun) {
    await showPlan(context, jobs, options.json ?? false);
    return exitCode;
  }
  if (options.all && !options.yes && jobs.length > 0 && !confirmed(context, jobs.length)) {
    return EXIT.NEGATIVE;
  }
  const stop = new StopSignals();
  // The runtime has a thread for signals. Without one, a first ^C ends this process, and the job's guard or a sweep goes on.
  if (canHaveThread()) stop.listen(ignoredSignals(context.procs.root));
  // A first signal to this command cuts the grace short; no signal stops the kill half-way.
  const hurry = new AbortController();
  stop.onSignal(() => hurry.abort());
  const order = { skipGrace: options.now ?? false, actor: "kill", hurry: hurry.signal };
  const results = await atOnce(
    jobs,
    AT_ONCE,
    (job) => killJob(context, storeOf(job.spec.id, store, former), job, order),
  );
  return tell(context, results, options.json ?? false) ? exitCode : EXIT.NEGATIVE;
}

/** Reports damaged rows: one of them may be a job that was asked for. */
function chooseJobs(store: JobStore, selectors: string[], options: Options, onDamage: OnDamage): Job[] {
  const { all, name, ref, user, tag } = options;
  const filtered = all || tag !== undefined || name !== undefined || ref !== undefined || user !== undefined;
  if (filtered === selectors.length > 0) {
    throw new UsageError(
      filtered
        ? "give either JOB or a filter, not both"
        : "which job? give JOB, --name, --ref, --user, --tag or --all",
    );
  }
  if (!filtered) {
    const jobs = selectors.flatMap((text) => selectLive(store, text));
    return [...new Map(jobs.map((job) => [job.spec.id, job])).values()];
  }
  const chosen = store.live(onDamage).filter(({ spec }) =>
    (name === undefined || spec.name === name) && (ref === undefined || spec.ref === ref) &&
    (user === undefined || spec.user === user || String(spec.uid) === user) && hasTags(spec, tag ?? [])
  );
  if (chosen.length === 0 && !all) {
    throw new NotFoundError(
      "live job",
      name ?? ref ?? user ?? tag?.map(({ key, value }) => `${key}=${value}`).join(" ") ?? "",
      "see: corral ps",
    );
  }
  return chosen;
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
function tell(context: Context, results: KillResult[], json: boolean): boolean {
  if (json) context.stdout.write(toJson(results) + "\n");
  for (const { id, reason, survivors, refused } of results) {
    if (refused !== null) context.say(`job ${id}: not ended: ${refused}`);
    else if (survivors > 0) {
      context.say(`job ${id}: ${stillAlive(survivors)}: corral show ${id}`);
    } else if (!json) context.stdout.write(`${id} ended: ${reason ?? MISSING}\n`);
  }
  return results.every(({ survivors, refused }) => survivors === 0 && refused === null);
}
