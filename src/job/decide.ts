/**
 * The one place that decides what happens to a job. Pure: it takes what was observed and gives what to do.
 * The supervisor of one job, `corral kill` and a sweep are loops around it, so they cannot disagree.
 */
import { type EndReason, type Exit, type Job, NO_EXIT, type Phase } from "./job.ts";
import type { EndRequested, Observation } from "./observation.ts";
import { type Lateness, latenessOf } from "./time_limits.ts";

/** What to do. Exactly one action at a time: after it, observe again. */
export type Action =
  | { do: "wait"; untilBootMs: number | null }
  | { do: "leave" }
  | { do: "end"; reason: EndReason; exit: Exit | null; skipGrace: boolean }
  /** An ending that another process began and did not finish: no first signal a second time, and what is left of the grace. */
  | { do: "finish"; reason: EndReason; exit: Exit | null; graceLeftMs: number }
  | { do: "collect"; reason: EndReason; exit: Exit | null }
  /** An adoption that another process began and did not finish: what it moved goes on without limits and without a deadline. */
  | { do: "release"; reason: "failed-to-start" }
  | { do: "report"; finding: "foreign-cgroup" | "other-namespace" | "other-boot" };

/** A launch takes at most systemd's 90 s. A supervisor that takes so much longer is stopped or hangs: others act in its place. */
export const LAUNCH_CAP_MS = 600_000;
/** An ending takes its grace, two freezes and the kill deadline: the same holds for one that is so much later. */
export const HANG_MARGIN_MS = 30_000;

const TERM_SIGNAL = 15;
/** SIGKILL as the kernel's OOM killer sends it, and as a shell reports it. */
const KILLED_SIGNAL = 9;
const KILLED_CODE = 137;

/** The table. Rows in the order in which they are tried; the first that fits wins. */
export function decide(job: Job, seen: Observation): Action {
  const phase = job.phase;
  if (seen.vantage !== "here") return decideFromElsewhere(job, seen, seen.vantage);
  // Admission starts it (queue/admit.ts); there is nothing of it to end but its record.
  if (phase.state === "queued") {
    return seen.endRequest === null ? { do: "leave" } : { do: "collect", reason: "killed", exit: null };
  }
  if (phase.state === "ended") {
    return phase.survivors.length > 0 ? decideUnkillable(seen) : decideLeftover(phase, seen);
  }
  if (!seen.sameBoot) return { do: "collect", reason: endingReason(job) ?? "lost", exit: null };
  if (seen.cgroup === "foreign") return { do: "report", finding: "foreign-cgroup" };
  switch (phase.state) {
    case "starting":
      return decideStarting(job.spec.adopted, seen);
    case "running":
      return decideRunning(latenessOf(job.spec, phase.run, seen), job.spec.graceMs, seen);
    case "ending":
      return decideEnding(phase, job.spec.graceMs, seen);
  }
}

/**
 * What is seen from elsewhere proves no process dead: without a request nothing is ended and nothing recorded. A request does not wait for
 * what cannot be known: with another boot id the cgroup is the job's all the same; from another PID namespace its processes cannot be
 * signalled, and only the record of a job without a cgroup is closed.
 */
function decideFromElsewhere(
  { phase }: Job,
  { cgroup, endRequest }: Observation,
  finding: Exclude<Observation["vantage"], "here">,
): Action {
  const isKnown = phase.state === "ended";
  if (isKnown && phase.survivors.length === 0) return { do: "leave" };
  const reason = phase.state === "ending" || isKnown ? phase.reason : null;
  if (endRequest === null || cgroup === "foreign") return { do: "report", finding };
  if (cgroup === "gone") return { do: "collect", reason: reason ?? "lost", exit: null };
  if (finding === "other-namespace") return { do: "report", finding };
  if (cgroup === "empty") return { do: "collect", reason: reason ?? asked(endRequest), exit: null };
  return { do: "end", reason: reason ?? asked(endRequest), exit: null, skipGrace: endRequest.skipGrace };
}

/** Ended, with processes left at that time: tried again, and collected once what held them has let them go. */
function decideUnkillable(seen: Observation): Action {
  if (seen.sameBoot && seen.cgroup === "foreign") return { do: "report", finding: "foreign-cgroup" };
  const left = seen.sameBoot && seen.cgroup === "populated";
  return left
    ? { do: "end", reason: "unkillable", exit: null, skipGrace: true }
    : { do: "collect", reason: "unkillable", exit: null };
}

/** Ended, and its cgroup is still there: the process that recorded the end did not live to remove it. */
function decideLeftover({ reason, run }: Extract<Phase, { state: "ended" }>, seen: Observation): Action {
  if (!seen.sameBoot || seen.cgroup === "gone" || seen.supervisor === "alive") return { do: "leave" };
  if (seen.cgroup === "foreign") return { do: "report", finding: "foreign-cgroup" };
  if (seen.cgroup === "empty") return { do: "collect", reason, exit: null };
  // Found by its name alone, it may be another store's: its inode was never recorded.
  if (run === null) return { do: "leave" };
  return { do: "end", reason, exit: null, skipGrace: true };
}

function decideStarting(adopted: boolean, seen: Observation): Action {
  if (seen.supervisor === "self") {
    if (seen.endRequest) return endOrCollect(asked(seen.endRequest), seen);
    return seen.leader.alive ? { do: "wait", untilBootMs: null } : endOrCollect("failed-to-start", seen);
  }
  if (seen.supervisor === "alive" && seen.supervisorAgeMs <= LAUNCH_CAP_MS) return { do: "leave" };
  // They ran long before the adoption, and are not ended because it was not.
  if (adopted && seen.cgroup === "populated" && !seen.endRequest) {
    return { do: "release", reason: "failed-to-start" };
  }
  const isOrphan = seen.supervisor === "gone" && seen.cgroup === "populated";
  return endOrCollect(isOrphan ? "orphaned" : "failed-to-start", seen);
}

function decideRunning({ reason, lateMs }: Lateness, graceMs: number, seen: Observation): Action {
  // A supervisor that lives acts at the limit itself, also while the store does not let it record that. One that does not act hangs.
  const overdue = lateMs >= (seen.supervisor === "alive" ? graceMs + HANG_MARGIN_MS : 0);
  // It sees the exit itself too, with the code that no other process can know.
  if (seen.supervisor === "alive" && !seen.endRequest && !overdue && !isZombieJob(seen)) {
    return { do: "leave" };
  }
  // The leader's own exit comes before any request: what has ended by itself was not ended by us.
  if (!seen.leader.alive) return endOrCollect(reasonOfExit(seen, overdue ? reason : null), seen);
  if (seen.endRequest) return endOrCollect(asked(seen.endRequest), seen);
  if (overdue) return endOrCollect(reason, seen);
  if (isZombieJob(seen)) return endOrCollect("finished-by-owner", seen);
  if (seen.unhealthy !== null) return endOrCollect("unhealthy", seen);
  if (seen.cgroup === "gone") return { do: "collect", reason: "lost", exit: null };
  const isOrphan = seen.supervisor === "gone" && seen.onOrphan === "kill";
  if (isOrphan || seen.callerGone) return endOrCollect("orphaned", seen);
  return { do: "wait", untilBootMs: lateMs === -Infinity ? null : seen.bootMs - lateMs };
}

function decideEnding(
  { reason, endingBootMs }: Extract<Phase, { state: "ending" }>,
  graceMs: number,
  seen: Observation,
): Action {
  const exit = exitOf(seen);
  const graceLeftMs = endingBootMs === null ? 0 : Math.max(0, endingBootMs + graceMs - seen.bootMs);
  const hangs = endingBootMs !== null && seen.bootMs >= endingBootMs + graceMs + HANG_MARGIN_MS;
  // Another process ends it; when that one is gone or hangs, the work is taken up where it was left.
  if (seen.supervisor === "alive" && !seen.endRequest && !hangs) return { do: "leave" };
  if (seen.cgroup !== "populated") return { do: "collect", reason, exit };
  if (seen.endRequest) return { do: "end", reason, exit, skipGrace: seen.endRequest.skipGrace };
  return { do: "finish", reason, exit, graceLeftMs };
}

/** Its owner has called it finished, and processes of it live. */
function isZombieJob(seen: Observation): boolean {
  return seen.finishedByOwner && seen.leader.alive && seen.cgroup === "populated";
}

function endOrCollect(reason: EndReason, seen: Observation): Action {
  const exit = exitOf(seen);
  if (seen.cgroup !== "populated") return { do: "collect", reason, exit };
  return { do: "end", reason, exit, skipGrace: seen.endRequest?.skipGrace ?? false };
}

/** Overdue, and dead of what a time-out sends: systemd's own deadline was quicker than an observer on a busy node. */
function reasonOfExit(seen: Observation, overdue: Lateness["reason"] | null): EndReason {
  const exit = exitOf(seen) ?? NO_EXIT;
  const unseen = exit.code === null && exit.signal === null;
  const diedOfKill = exit.signal === KILLED_SIGNAL || exit.code === KILLED_CODE;
  if (seen.oomKills > 0 && (diedOfKill || unseen)) return "oom";
  if (unseen && seen.killedByGuard) return overdue ?? "orphaned";
  if (unseen && seen.outerEnded) return "orphaned";
  if (unseen && seen.cgroup === "gone") return "lost";
  if (overdue === "timeout" && (exit.signal === TERM_SIGNAL || exit.signal === KILLED_SIGNAL)) {
    return "timeout";
  }
  return exit.signal === null ? "exited" : "signaled";
}

/** Killed, unless what asked for the end has another reason. */
function asked({ reason }: EndRequested): EndReason {
  return reason ?? "killed";
}

function exitOf(seen: Observation): Exit | null {
  return seen.leader.alive ? null : seen.leader.exit;
}

function endingReason(job: Job): EndReason | null {
  return job.phase.state === "ending" ? job.phase.reason : null;
}
