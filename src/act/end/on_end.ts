/**
 * `--on-end`: runs a command when a job has ended and its receipt is written. Whatever process records the end does it: the supervisor, or
 * in its place the guard, `corral kill` or a sweep. It is claimed in the store before it runs, and so runs at most once: a process that is
 * killed in between takes it along.
 *
 * The command is the job's user's, in a clean environment, with 30 seconds. Its end is the end of whatever it has started.
 */
import { becoming } from "../../linux/as_user.ts";
import { CLEAN_ENVIRONMENT } from "../../linux/apart.ts";
import { type HeldProcess, startHeld } from "../../linux/held_process.ts";
import type { Diagnostics } from "../../base/diagnostics.ts";
import { after } from "../../base/poll.ts";
import { errorText } from "../../base/errors.ts";
import { shortened } from "../../base/text.ts";
import type { Job } from "../../job/job.ts";
import type { OnEnd } from "../../job/on_end.ts";
import { runExitCode } from "../../job/outcome.ts";
import type { Node } from "../../observe/node.ts";
import type { Enclosure } from "../../backend/enclosure.ts";
import type { Ledger } from "../../store/ledger.ts";
import { endSession } from "./end_session.ts";

/** Its time; past it, it is killed with whatever it has started. */
export const ON_END_CAP_MS = 30_000;
/** systemd kills it by itself that much later, should corral be gone by then. */
const MARGIN_MS = 5_000;
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
  const held = startHeld({
    before: identityWords(onEnd),
    argv: ["/bin/sh", "-c", onEnd.command],
    directory: job.spec.cwd,
    env: environmentOf(job, onEnd),
  });
  const capMs = ON_END_CAP_MS + MARGIN_MS;
  const enclosure = await node.backendOf(job).enclose(job.spec.id, { pid: held.pid, capMs }).catch(() =>
    null
  );
  // It would be in a cgroup of root's, and what it leaves behind could not be found.
  if (enclosure === null && Deno.uid() === 0) {
    await endAll(node, held, null);
    return "no cgroup of its own can be made: not run";
  }
  held.open();
  try {
    const code = await Promise.race([held.exit, after(ON_END_CAP_MS), aborted(hurry)]);
    if (code === null) return `not done after ${ON_END_CAP_MS / 1000} s: killed`;
    return code === 0
      ? null
      : `exit ${code}${held.words === "" ? "" : `: ${shortened(held.words, MAX_WORDS)}`}`;
  } finally {
    await endAll(node, held, enclosure);
  }
}

/** Root becomes the user first. What runs as another user than the job's must not run it. Throws Error. */
function identityWords(user: OnEnd): string[] {
  const uid = Deno.uid();
  if (uid === user.uid) return [];
  if (uid !== 0) throw new Error(`it is of user ${user.uid}`);
  return becoming(user);
}

function environmentOf({ spec, watch, phase }: Job, { home }: OnEnd): Record<string, string> {
  if (phase.state !== "ended") return {};
  return {
    ...CLEAN_ENVIRONMENT,
    ...{ HOME: home, USER: spec.user, LOGNAME: spec.user },
    CORRAL_JOB_ID: spec.id,
    CORRAL_REASON: phase.reason,
    CORRAL_EXIT_CODE: String(runExitCode(phase, null)),
    CORRAL_RECEIPT: watch?.receipt?.path ?? "",
  };
}

/** Without a cgroup of its own, what has made a session for itself is not found. */
async function endAll(node: Node, held: HeldProcess, enclosure: Enclosure | null): Promise<void> {
  held.kill();
  if (!await enclosure?.end()) await endSession(node, held.pid);
  held.forget();
}

function aborted(signal: AbortSignal | undefined): Promise<null> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve(null);
    signal?.addEventListener("abort", () => resolve(null), { once: true });
  });
}
