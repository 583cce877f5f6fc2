/** `corral ps`: lists the jobs that have not ended. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT, parserFor } from "../../base/errors.ts";
import { parseDurationMs } from "../../value/duration.ts";
import { bothStores } from "../../store/former_store.ts";
import type { Job } from "../../job/job.ts";
import type { LiveJob } from "../../job/live_job.ts";
import { jobJson } from "../../job/json.ts";
import { toJson } from "../../base/json.ts";
import { LIVE_COLUMNS, liveCells } from "../../view/ps.ts";
import { tableLines } from "../../view/table.ts";
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
    .option("--json", "print JSON");
  ps.action(({ interval, json }) =>
    invoke(ps, (context) => listJobs(context, interval ?? SHORT_INTERVAL_MS, json ?? false))
  );
  return ps;
}

async function listJobs(context: Context, intervalMs: number, json: boolean): Promise<number> {
  let exitCode: number = EXIT.DONE;
  const jobs = bothStores(context.openStore("ps"), context.openFormerStore("ps")).live((damage) => {
    exitCode = EXIT.NEGATIVE;
    context.say(damage.message);
  });
  const live = await measure(context, jobs, intervalMs);
  context.stdout.write(json ? liveJson(context, live) : await liveText(context, live));
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
