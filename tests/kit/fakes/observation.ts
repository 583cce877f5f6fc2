/** Jobs in every state and what somebody may see of them. */
import type { Observation } from "../../../src/job/observation.ts";
import type { EndReason } from "../../../src/job/job.ts";
import { endedPhase, jobIn, runningJob, runOf } from "./job.ts";

export const DEADLINE_MS = 9_010_000;
/** When the endings of these jobs began. */
export const ENDING_BOOT_MS = 9_001_500;

/** The supervisor looks at its job, which runs undisturbed. */
export function seen(changes: Partial<Observation> = {}): Observation {
  return {
    bootMs: 9_002_000,
    vantage: "here",
    sameBoot: true,
    cgroup: "populated",
    supervisor: "self",
    leader: { alive: true },
    cpuTime: null,
    unhealthy: null,
    oomKills: 0,
    endRequest: null,
    onOrphan: "kill",
    outerEnded: false,
    killedByGuard: false,
    finishedByOwner: false,
    callerGone: false,
    supervisorAgeMs: 2_000,
    ...changes,
  };
}

export const exited = (code: number): Observation["leader"] => ({
  alive: false,
  exit: { code, signal: null },
});
export const died = (signal: number): Observation["leader"] => ({
  alive: false,
  exit: { code: null, signal },
});
export const UNSEEN: Observation["leader"] = { alive: false, exit: null };
export const ASKED = { skipGrace: false };
export const HURRIED = { skipGrace: true };

export const STARTING = jobIn({ state: "starting" });
export const RUNNING = runningJob();
export const TIMED = runningJob({ deadlineBootMs: DEADLINE_MS });
export const endingFor = (reason: EndReason, endingBootMs: number | null = ENDING_BOOT_MS) =>
  jobIn({ state: "ending", run: runOf(), reason, endingAtMs: 1, endingBootMs });
export const ENDING = endingFor("timeout");
export const ENDED = jobIn(endedPhase());
const SURVIVOR = { pid: 4712, name: "nfs", state: "D", wchan: "rpc_wait", because: "waits" };
export const UNKILLABLE = jobIn(
  endedPhase({ reason: "unkillable", trigger: "timeout", survivors: [SURVIVOR] }),
);
