/** `corral ps`: jobs that are not ended. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../cli.ts";
import { readCurrent } from "../cgroup/usage.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../errors.ts";
import { type Job, runningFacts } from "../job/job.ts";
import { formatDuration } from "../job/duration.ts";
import { jobJson } from "../report/job_json.ts";
import { toJson } from "../report/json.ts";
import { type Column, renderTable } from "../report/table.ts";
import { formatCount, formatOptionalBytes, formatPercent, MISSING, percentOf } from "../report/units.ts";
import { readJobUsage } from "../supervise/job_usage.ts";
import { cgroupRecord } from "../supervise/observe.ts";
import type { Usage } from "../job/usage.ts";

const COLUMNS: Column[] = [
  { key: "id", title: "id", align: "left" },
  { key: "name", title: "name", align: "left", shrink: true },
  { key: "ref", title: "ref", align: "left", shrink: true },
  { key: "user", title: "user", align: "left" },
  { key: "state", title: "state", align: "left" },
  { key: "age", title: "age", align: "right" },
  { key: "left", title: "left", align: "right" },
  { key: "procs", title: "procs", align: "right" },
  { key: "cpu", title: "cpu%", align: "right" },
  { key: "mem", title: "mem", align: "right" },
  { key: "memPercent", title: "mem%", align: "right" },
];

/** What is read of a live job right now; null where it cannot be. */
interface Live {
  usage: Usage | null;
  memoryBytes: number | null;
  procs: number | null;
  frozen: boolean;
}

/** The sub-command, wired to `invoke`. */
export function psVerb(invoke: Invoke) {
  const ps = new Command("ps")
    .description(
      "Lists the jobs that are not ended, and ended ones of which processes are left. cpu% is the mean since the start, of one core.",
    )
    .option("--json", "print JSON");
  ps.action((options) => invoke(ps, (context) => listJobs(context, options.json ?? false)));
  return ps;
}

async function listJobs(context: Context, json: boolean): Promise<number> {
  let exitCode: number = EXIT.DONE;
  const jobs = context.openStore("ps").live((damage) => {
    exitCode = EXIT.NEGATIVE;
    context.say(damage.message);
  });
  const seen = jobs.map((job) => ({ job, live: readLive(context, job) }));
  if (json) {
    const rows = seen.map(({ job, live }) => ({
      ...jobJson(job, null, live.usage),
      memoryCurrentBytes: live.memoryBytes,
      procs: live.procs,
      frozen: live.frozen,
    }));
    context.stdout.write(toJson(rows) + "\n");
    return exitCode;
  }
  const rows = seen.map(({ job, live }) => row(context, job, live));
  const { widthColumns } = context.stdout;
  context.stdout.write(await renderTable(COLUMNS, rows, { widthColumns, colour: context.colour }));
  return exitCode;
}

function readLive(context: Context, job: Job): Live {
  const none: Live = { usage: null, memoryBytes: null, procs: null, frozen: false };
  try {
    const record = cgroupRecord(context, job);
    if (record === null || job.spec.bootId !== context.clock.bootId()) return none;
    const cgroups = context.cgroups();
    if (!cgroups.isOwn(record, job.spec.id)) return none;
    const startedBootMs = runningFacts(job)?.startedBootMs;
    const wallMs = startedBootMs === undefined ? null : context.clock.bootMs() - startedBootMs;
    return {
      usage: { ...readJobUsage(cgroups, record.path, context.procs.root), wallMs },
      memoryBytes: readCurrent(cgroups, record.path).memoryBytes,
      procs: cgroups.own(record, job.spec.id).pids().length,
      frozen: /^frozen 1$/m.test(cgroups.readOptional(record.path, "cgroup.events") ?? ""),
    };
  } catch {
    // A job that cannot be read must not hide the others: its figures are unknown.
    return none;
  }
}

function row(context: Context, job: Job, live: Live): Record<string, string> {
  const { spec } = job;
  const run = runningFacts(job);
  const bootMs = context.clock.bootMs();
  const leftMs = run?.deadlineBootMs == null ? null : run.deadlineBootMs - bootMs;
  const cpuUsec = live.usage?.cpuUsageUsec ?? null;
  const wallMs = live.usage?.wallMs ?? null;
  return {
    id: spec.id,
    name: spec.name,
    ref: spec.ref ?? MISSING,
    user: spec.user,
    state: stateWord(job, live),
    age: formatDuration(Math.max(0, context.clock.wallMs() - (run?.startedAtMs ?? spec.createdAtMs))),
    left: leftMs === null ? MISSING : leftMs < 0 ? "overdue" : formatDuration(leftMs),
    procs: formatCount(live.procs),
    cpu: formatPercent(cpuUsec === null || !wallMs ? null : cpuUsec / 10 / wallMs),
    mem: formatOptionalBytes(live.memoryBytes),
    memPercent: formatPercent(percentOf(live.memoryBytes, spec.limits.memoryMaxBytes)),
  };
}

function stateWord(job: Job, live: Live): string {
  if (job.phase.state === "ended") return job.phase.reason;
  return live.frozen ? "frozen" : job.phase.state;
}
