/** `corral show`: everything about one job. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../cli.ts";
import { readCurrent, readUsage } from "../cgroup/usage.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../errors.ts";
import { type Job, runningFacts } from "../job/job.ts";
import { jobJson } from "../report/job_json.ts";
import { toJson } from "../report/json.ts";
import type { TreeNode } from "../report/tree.ts";
import { formatDetails, type LiveDetails } from "../report/details.ts";
import { cgroupRecord } from "../supervise/observe.ts";
import { selectOne } from "./select.ts";

/** The sub-command, wired to `invoke`. */
export function showVerb(invoke: Invoke) {
  const show = new Command("show")
    .description(
      "Shows one job, live or ended: what was asked for, limits against usage, its processes as a tree, and every step taken.",
    )
    .argument("<JOB>", "id, unique prefix, name:NAME or ref:REF")
    .option("--json", "print JSON");
  show.action((job, options) => invoke(show, (context) => showJob(context, job, options.json ?? false)));
  return show;
}

// deno-lint-ignore require-await
async function showJob(context: Context, selector: string, json: boolean): Promise<number> {
  const store = context.openStore("show");
  const job = selectOne(store, selector);
  const events = store.events(job.spec.id);
  const live = liveView(context, job);
  if (json) {
    const extra = live === null
      ? {}
      : { memoryCurrentBytes: live.memoryBytes, frozen: live.frozen, processes: live.processes };
    context.stdout.write(toJson({ ...jobJson(job, events, live?.usage ?? null), ...extra }) + "\n");
  } else {
    context.stdout.write(formatDetails(job, events, live, { bootMs: context.clock.bootMs() }));
  }
  return EXIT.DONE;
}

function liveView(context: Context, job: Job): LiveDetails | null {
  const record = cgroupRecord(context, job);
  const cgroups = context.cgroups();
  if (record === null || job.spec.bootId !== context.clock.bootId() || !cgroups.isOwn(record, job.spec.id)) {
    return null;
  }
  const cgroup = cgroups.own(record, job.spec.id);
  const startedBootMs = runningFacts(job)?.startedBootMs;
  return {
    usage: {
      ...readUsage(cgroups, cgroup.path),
      wallMs: startedBootMs === undefined ? null : context.clock.bootMs() - startedBootMs,
    },
    memoryBytes: readCurrent(cgroups, cgroup.path).memoryBytes,
    processes: cgroup.pids().flatMap((pid) => processNode(context, pid)),
    frozen: /^frozen 1$/m.test(cgroup.read("cgroup.events") ?? ""),
  };
}

function processNode(context: Context, pid: number): TreeNode[] {
  const stat = context.procs.stat(pid);
  if (stat === null) return [];
  const words = context.procs.commandLine(pid);
  return [{
    pid,
    ppid: stat.ppid,
    state: stat.state,
    command: words.length > 0 ? words.join(" ") : `[${stat.name}]`,
  }];
}
