/** `corral ps`: lists the jobs that have not ended. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT, parserFor } from "../../base/errors.ts";
import { parseDurationMs } from "../../value/duration.ts";
import type { Job } from "../../job/job.ts";
import type { LiveJob } from "../../job/live_job.ts";
import { jobJson } from "../../job/json.ts";
import { toJson } from "../../base/json.ts";
import { LIVE_COLUMNS, liveCells } from "../../view/ps.ts";
import { tableLines } from "../../view/table.ts";
import { parseName, parseRef } from "../../value/name.ts";
import { parseTag, type Tag } from "../../value/tag.ts";
import { collect } from "../job_options.ts";
import { jobsInSight } from "../in_sight.ts";
import { hasTags } from "../select.ts";
import { readCpuTimes, readLiveJobs, readLiveUsage, SHORT_INTERVAL_MS } from "../../observe/live.ts";

/** The sub-command, wired to `invoke`. */
export function psVerb(invoke: Invoke) {
  const ps = new Command("ps")
    .description(
      "Lists the jobs that are not ended, and ended ones of which processes are left. cpu% is the use of the last moment, of one core.",
    )
    .option(
      "--interval <DURATION>",
      "for how long cpu% is measured (default: 200ms); 0: no waiting, the mean since the start",
      parserFor("--interval", (text) => parseDurationMs(text, { zeroAllowed: true })),
    )
    .option("--name <NAME>", "jobs of this name", parserFor("--name", parseName))
    .option("--ref <REF>", "jobs of this ref", parserFor("--ref", parseRef))
    .option("-u, --user <USER>", "jobs of this user, name or uid")
    .option("--mine", "root's own jobs only; any other user sees no others")
    .option(
      "--tag <KEY=VALUE>",
      "jobs with this tag, repeatable: all of them",
      collect(parserFor("--tag", parseTag)),
    )
    .option("-q, --quiet", "print the ids only")
    .option("--json", "print JSON");
  ps.action((options) => invoke(ps, (context) => listJobs(context, options)));
  return ps;
}

interface Options {
  interval?: number;
  name?: string;
  ref?: string;
  user?: string;
  mine?: true;
  tag?: Tag[];
  quiet?: true;
  json?: true;
}

function isWanted({ spec }: Job, { name, ref, user, tag }: Options): boolean {
  return (name === undefined || spec.name === name) && (ref === undefined || spec.ref === ref) &&
    (user === undefined || spec.user === user || String(spec.uid) === user) && hasTags(spec, tag ?? []);
}

async function listJobs(context: Context, options: Options): Promise<number> {
  const { store, isWhole } = await jobsInSight(context, "ps", { ...options, jobs: { which: "live" } });
  let exitCode: number = isWhole ? EXIT.DONE : EXIT.NEGATIVE;
  const jobs = store.live((damage) => {
    exitCode = EXIT.NEGATIVE;
    context.say(damage.message);
  }).filter((job) => isWanted(job, options));
  if (options.quiet) {
    context.stdout.write(jobs.map(({ spec }) => `${spec.id}\n`).join(""));
    return exitCode;
  }
  const live = await measure(context, jobs, options.interval ?? SHORT_INTERVAL_MS);
  context.stdout.write(options.json ? liveJson(context, live) : await liveText(context, live));
  return exitCode;
}

/** Waits once for all jobs, and not at all when there is none to measure. */
async function measure(context: Context, jobs: readonly Job[], intervalMs: number): Promise<LiveJob[]> {
  if (jobs.length === 0 || intervalMs === 0) return readLiveJobs(context, jobs, null).live;
  const since = readCpuTimes(context, jobs);
  await context.pause(intervalMs);
  return readLiveJobs(context, jobs, since).live;
}

function liveJson(context: Context, live: readonly LiveJob[]): string {
  const rows = live.map(({ job, cpuPercent, memoryBytes, procs, frozen }) => ({
    ...jobJson(job, null, readLiveUsage(context, job)),
    cpuPercent,
    memoryCurrentBytes: memoryBytes,
    procs,
    frozen,
  }));
  return `${toJson(rows)}\n`;
}

async function liveText(context: Context, live: readonly LiveJob[]): Promise<string> {
  const now = {
    wallMs: context.clock.wallMs(),
    bootMs: context.clock.bootMs(),
    bootId: context.clock.bootId(),
  };
  const { widthColumns } = context.stdout;
  const options = { widthColumns, colour: context.colour };
  return [...await tableLines(LIVE_COLUMNS, liveCells(live, now), options)].join("");
}
