/**
 * Runs a command line beside a job, as the job's user: in a clean environment, outside of the job's cgroup and in one of its own, for a
 * bounded time. Its end is the end of whatever it has started.
 */
import { becoming } from "../../linux/as_user.ts";
import { CLEAN_ENVIRONMENT } from "../../linux/apart.ts";
import { type HeldProcess, startHeld } from "../../linux/held_process.ts";
import { after } from "../../base/poll.ts";
import type { JobSpec } from "../../job/job.ts";
import type { UserHome } from "../../job/user_home.ts";
import type { ProcessSource } from "../../linux/processes.ts";
import type { Backend } from "../../backend/backend.ts";
import type { Enclosure } from "../../backend/enclosure.ts";
import { endSession } from "./end_session.ts";

/** systemd kills it by itself that much later, should corral be gone by then. */
const MARGIN_MS = 5_000;

/** What runs, as whom, and for how long. */
export interface EnclosedCommand {
  argv: readonly string[];
  user: UserHome;
  /** Besides a plain PATH and the user's HOME, USER and LOGNAME. */
  env: Readonly<Record<string, string>>;
  capMs: number;
  /** Ends it at once when it aborts. */
  hurry?: AbortSignal | undefined;
}

/** How it went. `code` null: it was not done in time, or was ended by `hurry`. */
export type EnclosedResult = { code: number | null; words: string } | "not run";

/** Resolves when nothing of it is left. Throws Error for a user that this process is not, and without the tools. */
export async function runEnclosed(
  node: ProcessSource,
  { spec, backend }: { spec: Pick<JobSpec, "id" | "user" | "cwd">; backend: Pick<Backend, "enclose"> },
  { argv, user, env, capMs, hurry }: EnclosedCommand,
): Promise<EnclosedResult> {
  const held = startHeld({
    before: identityWords(user),
    argv,
    directory: spec.cwd,
    env: { ...CLEAN_ENVIRONMENT, HOME: user.home, USER: spec.user, LOGNAME: spec.user, ...env },
  });
  const cap = { pid: held.pid, capMs: capMs + MARGIN_MS };
  const enclosure = await backend.enclose(spec.id, cap).catch(() => null);
  // It would be in a cgroup of root's, and what it leaves behind could not be found.
  if (enclosure === null && Deno.uid() === 0) {
    await endAll(node, held, null);
    return "not run";
  }
  held.open();
  try {
    const code = await Promise.race([held.exit, after(capMs), aborted(hurry)]);
    return { code: code ?? null, words: held.words };
  } finally {
    await endAll(node, held, enclosure);
  }
}

/** Root becomes the user first. What runs as another user than the job's must not run it. Throws Error. */
function identityWords(user: UserHome): string[] {
  const uid = Deno.uid();
  if (uid === user.uid) return [];
  if (uid !== 0) throw new Error(`it is of user ${user.uid}`);
  return becoming(user);
}

/** Without a cgroup of its own, what has made a session for itself is not found. */
async function endAll(node: ProcessSource, held: HeldProcess, enclosure: Enclosure | null): Promise<void> {
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
