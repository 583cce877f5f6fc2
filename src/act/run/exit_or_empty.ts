/**
 * The second source of "the job is over". The first is waitpid(2), which can be deceived: a child that is reaped by another hand (SIGCHLD
 * ignored at the wrong moment, a debugger) never reports. Then an empty cgroup without a first process is the end.
 */
import { after, afterFree } from "../../base/poll.ts";
import { readEvents } from "../../cgroup/events.ts";
import type { OwnedCgroup } from "../../cgroup/file.ts";
import { type Exit, NO_EXIT, type RunningFacts } from "../../job/job.ts";
import type { Procs } from "../../linux/proc.ts";

/** Between two looks. */
const LOOK_MS = 2_500;

/**
 * Resolves as `exit` does, or with an unknown exit when it does not although the job is over. Two looks must see the end, and this process
 * be free in between, so that waitpid(2), which knows the exit code, comes first. Keeps no process alive.
 */
export function exitOrEmpty(
  exit: Promise<Exit>,
  job: { cgroup: OwnedCgroup; run: Pick<RunningFacts, "pid" | "startTicks"> },
  procs: Procs,
): Promise<Exit> {
  let isKnown = false;
  const unseen = async () => {
    for (;;) {
      await after(LOOK_MS);
      const wasOver = !isKnown && isOver(job, procs);
      if (wasOver) await afterFree(LOOK_MS);
      if (isKnown || wasOver && isOver(job, procs)) return NO_EXIT;
    }
  };
  return Promise.race([exit.finally(() => isKnown = true), unseen()]);
}

/** Between two looks at what is left: often enough for the wall time, and without a watch, which costs a thread. */
const LAST_LOOK_MS = 200;

/** With `--wait-all`: how the first process left, once the last one has. Keeps no process alive. */
export async function exitOfAll(exit: Promise<Exit>, cgroup: OwnedCgroup): Promise<Exit> {
  const left = await exit;
  while (isPopulated(cgroup)) {
    await after(LAST_LOOK_MS);
  }
  return left;
}

/** What cannot be read is waited for: the deadline and signals end it all the same. */
function isPopulated(cgroup: OwnedCgroup): boolean {
  try {
    return readEvents(cgroup).populated;
  } catch {
    return true;
  }
}

/** What cannot be read is not over. */
function isOver(
  { cgroup, run }: { cgroup: OwnedCgroup; run: Pick<RunningFacts, "pid" | "startTicks"> },
  procs: Procs,
): boolean {
  try {
    const stat = procs.stat(run.pid);
    const leaderLives = stat !== null && stat.startTicks === run.startTicks && !"ZX".includes(stat.state);
    return !leaderLives && !readEvents(cgroup).populated;
  } catch {
    return false;
  }
}
