/** `corral kill`: ends jobs, whichever process supervises them. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { errorText, EXIT, NotFoundError, parserFor, UsageError } from "../../base/errors.ts";
import { atOnce } from "../../base/at_once.ts";
import { isLive, type Job } from "../../job/job.ts";
import { parseName, parseRef } from "../../value/name.ts";
import { stillAlive } from "../../job/outcome.ts";
import { toJson } from "../../base/json.ts";
import { renderTable } from "../../view/table.ts";
import { formatCount, MISSING } from "../../value/units.ts";
import type { JobStore } from "../../store/jobs.ts";
import { killJob, type KillResult } from "../../act/end/kill_job.ts";
import { cgroupRecord } from "../../observe/job.ts";
import { canHaveThread } from "../../linux/lone_process.ts";
import { ignoredSignals, StopSignals } from "../../linux/stop_signals.ts";
import { collect } from "../job_options.ts";
import { asOwner, findAmongUsers } from "../for_owner.ts";
import { jobsInSight, seesEverybody } from "../in_sight.ts";
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
    .option("--mine", "with a filter: root's own jobs only")
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
  const say = (line: string) => {
    exitCode = EXIT.NEGATIVE;
    context.say(line);
  };
  refuseUnclear(selectors, options);
  const jobs = selectors.length > 0
    ? await selectJobs(context, bothStores(store, former), selectors)
    : await filterJobs(context, options, say);
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
  const [results, others] = await Promise.all([
    atOnce(
      jobs.filter(({ storeUid }) => storeUid === undefined),
      AT_ONCE,
      (job) => killJob(context, storeOf(job.spec.id, store, former), job, order),
    ),
    killOthers(context, jobs, options),
  ]);
  const haveEnded = tell(context, results, others.results, options.json ?? false);
  return haveEnded && others.haveEnded ? exitCode : EXIT.NEGATIVE;
}

function refuseUnclear(selectors: string[], { all, name, ref, user, tag }: Options): void {
  const isFiltered = all || [tag, name, ref, user].some((given) => given !== undefined);
  if (isFiltered !== selectors.length > 0) return;
  throw new UsageError(
    isFiltered
      ? "give either JOB or a filter, not both"
      : "which job? give JOB, --name, --ref, --user, --tag or --all",
  );
}

/** Each once. What root's own store does not have may be in a user's. */
async function selectJobs(context: Context, own: JobStore, selectors: string[]): Promise<Job[]> {
  const found: Job[] = [];
  for (const text of selectors) found.push(...await selectLiveOf(context, own, text));
  return [...new Map(found.map((job) => [`${job.storeUid} ${job.spec.id}`, job])).values()];
}

async function selectLiveOf(context: Context, own: JobStore, text: string): Promise<Job[]> {
  try {
    return selectLive(own, text);
  } catch (error) {
    if (!(error instanceof NotFoundError) || !seesEverybody(context)) throw error;
    const job = await findAmongUsers(context, text);
    if (job === null) throw error;
    return [job];
  }
}

/** Reports damaged rows: one of them may be a job that was asked for. */
async function filterJobs(context: Context, options: Options, say: (line: string) => void): Promise<Job[]> {
  const { all, name, ref, user, tag } = options;
  const { store } = await jobsInSight({ ...context, say }, "kill", { ...options, jobs: { which: "live" } });
  const chosen = store.live(({ message }) => say(message)).filter(({ spec }) =>
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

/** Of each user, all jobs by one process of that user. */
async function killOthers(
  context: Context,
  jobs: readonly Job[],
  { now, json }: Options,
): Promise<{ haveEnded: boolean; results: unknown[] }> {
  const owners = Map.groupBy(
    jobs.filter(({ storeUid }) => storeUid !== undefined),
    ({ storeUid }) => storeUid!,
  );
  const results: unknown[] = [];
  const codes = await atOnce([...owners], AT_ONCE, async ([uid, owned]) => {
    const words = [
      "kill",
      ...(now ? ["--now"] : []),
      ...(json ? ["--json"] : []),
      ...owned.map(({ spec }) => spec.id),
    ];
    let printed = "";
    const keep = (text: string) => void (printed += text);
    const code = await asOwner(context, uid, words, json ? { print: keep } : {}).catch((error) => {
      context.say(errorText(error));
      return EXIT.NEGATIVE;
    });
    if (json) results.push(...listIn(printed));
    return code;
  });
  return { haveEnded: codes.every((code) => code === EXIT.DONE), results };
}

/** What a user's process printed; nothing where that is no list. */
function listIn(text: string): unknown[] {
  try {
    const list = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
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
