/** `corral show`: prints everything about one job. */
import { Command } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import { readEvents } from "../../cgroup/events.ts";
import { readable, readCurrent, readMemorySplit } from "../../cgroup/usage.ts";
import { readQueueNow } from "../../act/queue/look.ts";
import { waitWords } from "../../queue/words.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../../base/errors.ts";
import { bothStores } from "../../store/former_store.ts";
import type { Job } from "../../job/job.ts";
import { higherSplit, type MemorySplit, withSplit } from "../../job/usage.ts";
import { jobJson, withGpuHolders } from "../../job/json.ts";
import { toJson } from "../../base/json.ts";
import type { TreeNode } from "../../view/tree.ts";
import { formatDetails, formatHead, type LiveDetails } from "../../view/show.ts";
import { readJobUsage } from "../../observe/job_usage.ts";
import { gpuHoldersOf, gpusHeldBy } from "../../observe/gpu.ts";
import { wallSoFarMs } from "../../observe/live.ts";
import { commandLine, commandWords } from "../../linux/processes.ts";
import { cgroupRecord, isOfThisBoot } from "../../observe/job.ts";
import { signsJson } from "../../health/words.ts";
import { momentOf } from "../../linux/clock.ts";
import { forOwner } from "../for_owner.ts";
import { selectOne } from "../select.ts";

/** The sub-command, wired to `invoke`. */
export function showVerb(invoke: Invoke) {
  const show = new Command("show")
    .description(
      "Shows one job, live or ended: what became of it and why, and its use against its limits. With --full all that is known of it.",
    )
    .argument("<JOB>", JOB_FORMS)
    .option(
      "--full",
      "also all limits and figures, the course, the processes as a tree, and every step taken",
    )
    .option("--json", "print JSON");
  show.action((job, options) =>
    invoke(show, (context) => forOwner(context, job, () => showJob(context, job, options)))
  );
  return show;
}

interface Options {
  json?: true;
  full?: true;
}

async function showJob(context: Context, selector: string, { json, full }: Options): Promise<number> {
  const store = bothStores(context.openStore("show"), context.openFormerStore("show"));
  const job = selectOne(store, selector);
  const events = store.events(job.spec.id);
  const { samples, peaks } = store.sampled(job.spec.id);
  const live = await liveView(context, job, peaks);
  const gpuHolders = job.phase.state === "ended" ? await gpuHoldersOf(context, job) : null;
  if (json) {
    const extra = live === null ? {} : {
      memoryCurrentBytes: live.memoryBytes,
      frozen: live.frozen,
      gpus: live.gpus,
      processes: live.processes,
    };
    context.stdout.write(
      toJson({
        ...withGpuHolders(jobJson(job, events, live?.usage ?? null), gpuHolders),
        samples,
        ...extra,
        ...signsJson(job, momentOf(context)),
      }) + "\n",
    );
  } else {
    const bootMs = context.clock.bootMs();
    const blocks = speaksUtf8(context.env);
    const waits = waitsOf(context, store, job);
    context.stdout.write(formatHead(job, { live, gpuHolders, waits }, bootMs));
    if (full) context.stdout.write(`\n${formatDetails(job, { events, samples, live }, { bootMs, blocks })}`);
  }
  return EXIT.DONE;
}

/** Null for a job that is not queued, and for one that is being started this moment. */
function waitsOf(context: Context, store: JobStore, { spec, phase }: Job): string | null {
  if (phase.state !== "queued" || spec.pool === undefined) return null;
  const { verdicts, now } = readQueueNow(context, store, context.settings.pools);
  const verdict = verdicts.find(({ id }) => id === spec.id);
  return verdict === undefined ? null : waitWords(verdict, spec.pool, now.bootMs);
}

/** Returns the locale of the terminal (locale(7)): the first of the three variables that is not empty. */
function speaksUtf8(env: Record<string, string>): boolean {
  return /utf-?8/i.test(env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "");
}

/** @param peaks what the job's supervisor has saved so far */
async function liveView(context: Context, job: Job, peaks: MemorySplit): Promise<LiveDetails | null> {
  const record = cgroupRecord(context, job);
  const cgroups = context.cgroups();
  if (record === null || !isOfThisBoot(context, job) || !cgroups.isOwn(record, job.spec.id)) {
    return null;
  }
  const cgroup = cgroups.own(record, job.spec.id);
  const pids = cgroup.pids();
  const now = readMemorySplit(readable(cgroups, cgroup.path));
  return {
    usage: {
      ...withSplit(readJobUsage(cgroups, cgroup.path, context.procs.root), higherSplit(peaks, now)),
      wallMs: wallSoFarMs(context, job),
    },
    memoryBytes: readCurrent(cgroups, cgroup.path).memoryBytes,
    processes: (await Promise.all(pids.map((pid) => treeNode(context, pid)))).flat(),
    frozen: readEvents(cgroup).frozen,
    gpus: await gpusHeldBy(context.gpus(), pids),
  };
}

/** Reads the command line with a cap: a process can keep its reader waiting. */
async function treeNode({ procs }: Context, pid: number): Promise<TreeNode[]> {
  const stat = procs.statIfShown(pid);
  const words = stat === null ? "gone" : await commandWords(procs, pid);
  if (stat === null || words === "gone") return [];
  return [{ pid, ppid: stat.ppid, state: stat.state, command: commandLine({ words }) ?? `[${stat.name}]` }];
}
