/** `corral ps`: lists the jobs that have not ended. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import { momentOf } from "../../linux/clock.ts";
import type { Context } from "../context.ts";
import { choiceOption } from "../choice_option.ts";
import { EXIT, NotFoundError, parserFor, UsageError } from "../../base/errors.ts";
import { remarkOn } from "../../base/remarks.ts";
import { choiceOf } from "../../value/choice.ts";
import { parseDurationMs } from "../../value/duration.ts";
import { JOB_FORMS } from "../../value/selector.ts";
import { END_REASONS, isLive, type Job } from "../../job/job.ts";
import type { Moment } from "../../job/events.ts";
import type { LiveJob } from "../../job/live_job.ts";
import { jobJson } from "../../job/json.ts";
import { toJson } from "../../base/json.ts";
import { idleWords, signsJson } from "../../health/words.ts";
import { chooseColumns, chooseOrder, type Order } from "../../view/choose_columns.ts";
import { heldColumns, inOrder, LIVE_COLUMNS, liveCells, type LiveColumn } from "../../view/ps.ts";
import { tableLines } from "../../view/table.ts";
import { parseName, parseRef } from "../../value/name.ts";
import { parseTag } from "../../value/tag.ts";
import { collect } from "../job_options.ts";
import { chooseListed, MOST_ENDED } from "../ps_choice.ts";
import { readCpuTimes, readLiveJobs, readLiveUsage, SHORT_INTERVAL_MS } from "../../observe/live.ts";

const STATES = choiceOf("--state", [
  "queued",
  "starting",
  "running",
  "idle",
  "frozen",
  "ending",
  "ended",
  ...Object.keys(END_REASONS) as (keyof typeof END_REASONS)[],
]);

function command() {
  return new Command("ps")
    .description(
      "Lists the jobs that are not ended, and ended ones of which processes are left. cpu% is the use of the last moment, of one core.",
    )
    .argument("[JOB...]", JOB_FORMS)
    .option("-a, --all", `ended jobs too, newest first, the last ${MOST_ENDED}`)
    .option(
      "--interval <DURATION>",
      "for how long cpu% is measured (default: 200ms); 0: no waiting, the mean since the start",
      parserFor("--interval", (text) => parseDurationMs(text, { zeroAllowed: true })),
    )
    .option("--name <NAME>", "jobs of this name", parserFor("--name", parseName))
    .option("--ref <REF>", "jobs of this ref", parserFor("--ref", parseRef))
    .option("-u, --user <USER>", "jobs of this user, name or uid")
    .option("--mine", "root's own jobs only; any other user sees no others")
    .addOption(
      choiceOption(
        "--state <STATE>",
        `jobs in this state, or that ended so: ${STATES.values.join(", ")}`,
        STATES,
      ),
    )
    .option(
      "--tag <KEY=VALUE>",
      "jobs with this tag, repeatable: all of them",
      collect(parserFor("--tag", parseTag)),
    )
    .option("--sort <COLUMN>", "smallest first; -COLUMN for largest first; what is not known comes last")
    .option("--columns <A,B>", "these columns, separated by commas")
    .option("--wide", "all columns, also where the terminal is too narrow for them")
    .option("-q, --quiet", "print the ids only")
    .option("--json", "print JSON");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function psVerb(invoke: Invoke) {
  const ps = command();
  ps.action((selectors, options) => invoke(ps, (context) => listJobs(context, selectors, options)));
  return ps;
}

/** How the rows are shown, all read. */
interface Shown {
  columns: LiveColumn[];
  order: Order<LiveColumn> | null;
  /** The user has named them. */
  isChosen: boolean;
  /** The user has chosen, or wants all. */
  isWide: boolean;
}

async function listJobs(context: Context, selectors: string[], options: Options): Promise<number> {
  const shown = shownOf(options);
  const { jobs, isWhole } = await chooseListed(context, selectors, options).catch((error) => {
    // `ps aux` is a habit, unless a job is called so.
    const remark = error instanceof NotFoundError ? remarkOn(`ps ${selectors[0]}`) : null;
    throw remark === null ? error : new UsageError(remark);
  });
  const exitCode = isWhole ? EXIT.DONE : EXIT.NEGATIVE;
  const needsFigures = !options.quiet || shown.order !== null ||
    ["frozen", "idle"].includes(options.state ?? "");
  const measured = needsFigures
    ? await measure(context, jobs, options.interval ?? SHORT_INTERVAL_MS)
    : jobs.map(unmeasured);
  const now = momentOf(context);
  const wanted = measured.filter((one) => isInLiveState(one, options.state, now));
  const rows = shown.order === null ? wanted : inOrder(wanted, shown.order, now);
  if (options.quiet) context.stdout.write(rows.map(({ job }) => `${job.spec.id}\n`).join(""));
  else {context.stdout.write(
      options.json ? liveJson(context, rows) : await liveText(context, rows, shown),
    );}
  return exitCode;
}

/** What no record has. */
function isInLiveState({ job, frozen }: LiveJob, state: Options["state"], now: Moment): boolean {
  if (state === "frozen") return frozen;
  return state !== "idle" || (!frozen && idleWords(job, now) !== null);
}

function shownOf({ columns, sort, json, quiet, wide }: Options): Shown {
  if (columns !== undefined && (json || quiet)) {
    throw new UsageError(
      `--columns is for the table, ${json ? "JSON has every field" : "--quiet has the ids"}`,
    );
  }
  return {
    columns: columns === undefined ? [...LIVE_COLUMNS] : chooseColumns(columns, LIVE_COLUMNS),
    order: sort === undefined ? null : chooseOrder(sort, LIVE_COLUMNS),
    isChosen: columns !== undefined,
    isWide: (wide ?? false) || columns !== undefined,
  };
}

/** Waits once for all live jobs, and not at all when there is none to measure. */
async function measure(context: Context, jobs: readonly Job[], intervalMs: number): Promise<LiveJob[]> {
  const live = jobs.filter(isLive);
  const since = live.length === 0 || intervalMs === 0 ? null : readCpuTimes(context, live);
  if (since !== null) await context.pause(intervalMs);
  const measured = new Map(
    (await readLiveJobs(context, live, since)).live.map((one) => [one.job, one]),
  );
  return jobs.map((job) => measured.get(job) ?? unmeasured(job));
}

function unmeasured(job: Job): LiveJob {
  return { job, cpuPercent: null, memoryBytes: null, procs: null, frozen: false, gpus: [] };
}

function liveJson(context: Context, live: readonly LiveJob[]): string {
  const now = momentOf(context);
  const rows = live.map(({ job, cpuPercent, memoryBytes, procs, frozen, gpus }) => ({
    ...jobJson(job, null, isLive(job) ? readLiveUsage(context, job) : null),
    cpuPercent,
    memoryCurrentBytes: memoryBytes,
    procs,
    frozen,
    gpus,
    ...signsJson(job, now),
  }));
  return `${toJson(rows)}\n`;
}

async function liveText(
  context: Context,
  live: readonly LiveJob[],
  { columns: chosen, isWide, isChosen }: Shown,
): Promise<string> {
  const columns = isChosen ? chosen : heldColumns(chosen, live, momentOf(context));
  const { widthColumns } = context.stdout;
  const options = { widthColumns, colour: context.colour, isWide };
  return [...await tableLines(columns, liveCells(live, momentOf(context), columns), options)].join("");
}
