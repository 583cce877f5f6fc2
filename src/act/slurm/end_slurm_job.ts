/** Ends what a Slurm job has left on this node when it is over: the corral jobs that it started, and the processes of its steps. */
import { atOnce } from "../../base/at_once.ts";
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { ProcessSource } from "../../linux/processes.ts";
import {
  type EndedSlurmJob,
  findLeftBehind,
  isLeftBehind,
  type LeftBehind,
} from "../../observe/left_behind.ts";
import type { Node } from "../../observe/node.ts";
import type { JobStore } from "../../store/jobs.ts";
import { parseSignal } from "../../value/signal.ts";
import { type EndedProcess, endProcesses } from "../end/end_processes.ts";
import { killJob, type KillResult } from "../end/kill_job.ts";

/** Jobs ended side by side; each spends its time waiting for the kernel. */
const AT_ONCE = 64;
/** The node stays in state COMPLETING meanwhile: a longer grace of a job's own is cut short. */
const GRACE_CAP_MS = 10_000;
/** Of processes that are in no job of corral's, as a job's by default. */
const GRACE_MS = 2_000;
const ACTOR = "slurm-epilog";

/** Ends the jobs of one store that were started in that Slurm job. Throws StoreError. */
export async function endJobsOfSlurm(
  node: Node & Diagnostics,
  store: JobStore,
  slurmJob: number,
): Promise<KillResult[]> {
  const jobs = store.live(({ message }) => node.say(message)).filter(({ watch }) =>
    watch?.slurm?.job === slurmJob
  );
  const hurry = new AbortController();
  const timer = setTimeout(() => hurry.abort(), GRACE_CAP_MS);
  const results = await atOnce(
    jobs,
    AT_ONCE,
    (job) =>
      killJob(node, store, job, { skipGrace: false, actor: ACTOR, reason: "orphaned", hurry: hurry.signal }),
  );
  clearTimeout(timer);
  return results;
}

/** What became of one process of a step. */
export interface EndedLeftBehind extends EndedProcess {
  name: string;
}

/** What still has a new process at the last look forks faster than it can be listed. */
const LOOKS = 5;

/** Ends what the job's steps left behind, and what that forked meanwhile. */
export async function endLeftBehind(node: ProcessSource, of: EndedSlurmJob): Promise<EndedLeftBehind[]> {
  const ended = new Map<string, EndedLeftBehind>();
  for (let look = 0; look < LOOKS; look++) {
    const found = (await findLeftBehind(node, of)).filter((process) => !ended.has(keyOf(process)));
    if (found.length === 0) break;
    const results = await endProcesses(found, node, {
      // What is new at a second look was forked by what did not mind the first signal.
      signal: look === 0 ? parseSignal("TERM") : null,
      graceMs: GRACE_MS,
      stillMeant: ({ pid }) => isLeftBehind(node.procs, pid, of),
    });
    for (const [index, result] of results.entries()) {
      ended.set(keyOf(found[index]!), { ...result, name: found[index]!.name });
    }
  }
  return [...ended.values()];
}

function keyOf({ pid, startTicks }: LeftBehind): string {
  return `${pid} ${startTicks}`;
}
