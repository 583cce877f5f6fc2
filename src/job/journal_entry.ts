/** The line that the journal gets when a job has ended: its message and its fields. Pure. */
import type { Ending } from "./events.ts";
import type { JobSpec } from "./job.ts";
import { endLine, isPlainSuccess, runExitCode } from "./outcome.ts";

/** syslog(3). */
const PRIORITY = { error: "3", warning: "4", notice: "5", info: "6" } as const;

/** CORRAL_NAME and CORRAL_REF are as they were given, also with control characters: they are data, the message is words. */
export function endEntry(spec: JobSpec, ending: Ending): Record<string, string> {
  return {
    ...headOf(spec, priorityOf(ending)),
    MESSAGE: endLine(spec.id, ending, spec.limits),
    CORRAL_REASON: ending.reason,
    CORRAL_EXIT_CODE: String(runExitCode(ending, null)),
  };
}

/** A job that was idle for all of `--idle-after` and runs on. */
export function idleEntry(spec: JobSpec, forWords: string): Record<string, string> {
  return {
    ...headOf(spec, PRIORITY.warning),
    MESSAGE: `job ${spec.id} is idle: no CPU, no IO and no output for ${forWords}`,
    CORRAL_CHECK: "idle",
  };
}

function headOf(spec: JobSpec, priority: string): Record<string, string> {
  return {
    SYSLOG_IDENTIFIER: "corral",
    PRIORITY: priority,
    CORRAL_JOB_ID: spec.id,
    CORRAL_NAME: spec.name,
    ...(spec.ref === null ? {} : { CORRAL_REF: spec.ref }),
    CORRAL_USER: spec.user,
  };
}

/** `journalctl -t corral -p warning` has the jobs that did not do what they were started for. */
function priorityOf(ending: Ending): string {
  if (ending.reason === "unkillable") return PRIORITY.error;
  if (ending.reason === "killed" || ending.reason === "finished-by-owner") return PRIORITY.notice;
  return isPlainSuccess(ending) ? PRIORITY.info : PRIORITY.warning;
}
