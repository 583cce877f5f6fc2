/** One run of a job's health command (`--health-command`), as the job's user, beside the job. */
import type { HealthSpec, HealthState } from "../../job/health.ts";
import { shortened } from "../../base/text.ts";
import { runEnclosed } from "../end/enclosed_command.ts";
import type { Enforcement } from "../end/end_job.ts";
import type { HealthWatched } from "./watched.ts";

/** Its time; past it, it is killed, and has not answered. */
const HEALTH_COMMAND_CAP_MS = 30_000;
const MAX_WORDS = 200;

/**
 * The command's own 0 and 1 under numbers that no step on the way to it exits with: setpriv(1), setsid(1) and a shell that cannot start say 1
 * as well, and that must not count against the job.
 */
const ASK = '/bin/sh -c "$1"; case $? in 0) exit 90;; 1) exit 91;; *) exit 92;; esac';
const ANSWERS: Readonly<Record<number, "well" | "ill">> = { 90: "well", 91: "ill" };

/** What it says. `unknown` for any other code, and where it was not run or took too long. */
export interface HealthAnswer {
  answer: Exclude<HealthState["command"]["last"], null>;
  words: string;
}

/** Never throws: what cannot be asked is unknown. */
export async function askHealthCommand(
  on: Enforcement,
  job: HealthWatched,
  { spec, stop }: { spec: HealthSpec; stop: AbortSignal },
): Promise<HealthAnswer> {
  try {
    const result = await runEnclosed(on, job, {
      argv: ["/bin/sh", "-c", ASK, "corral", spec.command!.command],
      user: spec.user,
      env: { CORRAL_JOB_ID: job.spec.id, CORRAL_HEARTBEAT: spec.heartbeat?.file ?? "" },
      capMs: HEALTH_COMMAND_CAP_MS,
      hurry: stop,
    });
    if (result === "not run") {
      return { answer: "unknown", words: "no cgroup of its own can be made: not run" };
    }
    const { code, words } = result;
    if (code === null) {
      return { answer: "unknown", words: `not done after ${HEALTH_COMMAND_CAP_MS / 1000} s` };
    }
    return { answer: ANSWERS[code] ?? "unknown", words: shortened(words, MAX_WORDS) };
  } catch (error) {
    return { answer: "unknown", words: (error as Error).message };
  }
}
