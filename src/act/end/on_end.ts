/**
 * `--on-end`: runs a command when a job has ended and its receipt is written. Whatever process records the end does it: the supervisor, or
 * in its place the guard, `corral kill` or a sweep. It is claimed in the store before it runs, and so runs at most once: a process that is
 * killed in between takes it along.
 *
 * The command is the job's user's, in a clean environment, with 30 seconds. Its end is the end of whatever it has started.
 */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { errorText } from "../../base/errors.ts";
import { shortened } from "../../base/text.ts";
import type { Job } from "../../job/job.ts";
import type { OnEnd } from "../../job/on_end.ts";
import { runExitCode } from "../../job/outcome.ts";
import type { Node } from "../../observe/node.ts";
import type { Ledger } from "../../store/ledger.ts";

/** Its time; past it, it is killed with whatever it has started. */
export const ON_END_CAP_MS = 30_000;
const MAX_WORDS = 200;

/** Who runs it, and where that is recorded. */
export interface OnEndContext {
  ledger: Ledger;
  /** Name of the command that acts, for the events. */
  actor: string;
  /** Ends it at once when it aborts. */
  hurry?: AbortSignal;
}

/** Runs it if there is one and no other process has. Resolves when nothing of it is left; never throws: its failure changes nothing. */
export async function runOnEnd(node: Node & Diagnostics, job: Job, on: OnEndContext): Promise<void> {
  const { id, onEnd } = job.spec;
  if (onEnd === undefined || job.phase.state !== "ended") return;
  try {
    if (!on.ledger.claimOnEnd(id, node.clock.wallMs())) return;
    const failure = await run(node, job, { onEnd, hurry: on.hurry });
    const detail = failure === null ? { ok: true } : { ok: false, because: failure };
    on.ledger.addEvents(id, [{ atMs: node.clock.wallMs(), actor: on.actor, kind: "on-end", detail }]);
    if (failure !== null) node.say(`warning: --on-end of job ${id}: ${failure}`);
  } catch (error) {
    node.say(`warning: --on-end of job ${id} did not run: ${errorText(error)}`);
  }
}

/** What went wrong, in words; null when it exited 0. */
async function run(
  node: Node,
  job: Job,
  { onEnd, hurry }: { onEnd: OnEnd; hurry: AbortSignal | undefined },
): Promise<string | null> {
  const { runEnclosed } = await import("./enclosed_command.ts");
  const result = await runEnclosed(node, { spec: job.spec, backend: node.backendOf(job) }, {
    argv: ["/bin/sh", "-c", onEnd.command],
    user: onEnd,
    env: environmentOf(job),
    capMs: ON_END_CAP_MS,
    hurry,
  });
  if (result === "not run") return "no cgroup of its own can be made: not run";
  const { code, words } = result;
  if (code === null) return `not done after ${ON_END_CAP_MS / 1000} s: killed`;
  return code === 0 ? null : `exit ${code}${words === "" ? "" : `: ${shortened(words, MAX_WORDS)}`}`;
}

function environmentOf({ spec, watch, phase }: Job): Record<string, string> {
  if (phase.state !== "ended") return {};
  return {
    CORRAL_JOB_ID: spec.id,
    CORRAL_REASON: phase.reason,
    CORRAL_EXIT_CODE: String(runExitCode(phase, null)),
    CORRAL_RECEIPT: watch?.receipt?.path ?? "",
  };
}
