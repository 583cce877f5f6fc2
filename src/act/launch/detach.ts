/**
 * A job without a waiting caller has a second corral as its supervisor: `corral run --detach` and `corral adopt`. The first one, which was
 * called, starts it with its own command line, waits until it reports that the job runs, and returns. The second has a session of its own
 * and, under systemd, a scope of its own (corral-ID-supervisor.scope), so neither a log-out nor the end of a cron job takes it along. Of a
 * job in a job, it is a process of the outer one: in the slice of that.
 *
 * The second speaks to the first in lines on its standard output: `say "…"` for the user, then `started`. After that the first one is gone.
 */
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Caller } from "../../linux/caller.ts";
import type { Terminal } from "../../linux/output.ts";
import { crashPoint } from "../../base/crash_point.ts";
import { CorralError, EXIT } from "../../base/errors.ts";
import { answers } from "../../linux/apart.ts";
import { isOnLocalFileSystem } from "../../linux/mounts.ts";
import { umaskOfCaller } from "../../linux/surroundings.ts";
import { toolPath } from "../../linux/command_lookup.ts";
import { envWords } from "./gate_environment.ts";
import type { Backend } from "../../backend/backend.ts";
import { SystemdBackend } from "../../backend/systemd_backend.ts";

/** Gives the second corral the id of the job that it supervises. Taken out of the job's environment. */
const SUPERVISE = "CORRAL_SUPERVISE";
/** What systemd-run(1) puts into the environment of a scope's process. */
const SET_BY_SYSTEMD_RUN = ["INVOCATION_ID"];
/** Behind the id, for a job whose caller has left long ago: whichever process has started the second corral, the job does not depend on it. */
const ABSENT = ":absent";
const STARTED = "started";
const SAY = "say ";

/** What a detached supervisor is given, and where its words go. */
export interface Detached {
  id: string;
  /** A line for the user, as long as the first corral listens. */
  say: (line: string) => void;
  /** The job runs: the first corral returns. False when that is gone: its caller gave up, and has no id to ask for. */
  started: () => boolean;
}

/** What the second corral was started for; null in the first, which the caller started. */
export function detachedHalf(
  context: Pick<Caller, "env"> & Pick<Terminal, "stdout"> & Diagnostics,
): Detached | null {
  const mark = context.env[SUPERVISE];
  if (mark === undefined) return null;
  const isAbsent = mark.endsWith(ABSENT);
  const id = isAbsent ? mark.slice(0, -ABSENT.length) : mark;
  let listens = true;
  return {
    id,
    say: (line) => listens ? context.stdout.write(`${SAY}${JSON.stringify(line)}\n`) : context.say(line),
    started: () => {
      listens = false;
      return context.stdout.write(`${STARTED}\n`) || isAbsent;
    },
  };
}

/** The environment without what is corral's own in it. */
export function withoutMark(env: Record<string, string>): Record<string, string> {
  const { [SUPERVISE]: _, ...rest } = env;
  return rest;
}

/** Starts the second corral for job `id`; resolves when the job runs. Throws CorralError with its words and exit code when it does not. */
export async function startSupervisor(
  context: Caller & Diagnostics,
  backend: Backend,
  id: string,
  /** Of a caller that is gone: nothing of this process is the job's. */
  absent: { umask: number } | null = null,
): Promise<void> {
  if (absent === null) await standWhereCalled(context.cwd);
  else if (!await answers(context.cwd)) throw new CorralError(`${context.cwd} does not answer`);
  const scope = supervisorScope(context, backend, id);
  const [program, ...args] = [
    ...scope.argv,
    toolPath("setsid"),
    "--",
    context.self.path,
    ...context.self.args,
  ];
  const around = absent === null ? {} : { clearEnv: true, cwd: context.cwd };
  const ownUmask = Deno.umask(absent?.umask ?? umaskOfCaller());
  const child = new Deno.Command(program!, {
    args,
    ...around,
    env: {
      ...(absent === null ? {} : context.env),
      ...scope.env,
      [SUPERVISE]: absent === null ? id : id + ABSENT,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  Deno.umask(ownUmask);
  crashPoint("detach: supervisor started");
  if (await hasStarted(child.stdout, (line) => context.say(line))) return await child.stderr.cancel();
  // It failed before the job ran: its own words and exit code are ours. A signal that killed it is no exit code of the job.
  const [words, status] = await Promise.all([new Response(child.stderr).text(), child.status]);
  throw new CorralError(words.trim().replace(/^corral: /, "") || "the supervisor did not start", {
    exitCode: status.code === 0 || status.signal !== null ? EXIT.CORRAL_FAILED : status.code,
  });
}

/** The second corral reads the same command line from the same directory; main.ts has left one that may not answer. */
async function standWhereCalled(cwd: string): Promise<void> {
  if (isOnLocalFileSystem(cwd) || !await answers(cwd)) return;
  try {
    Deno.chdir(cwd);
  } catch {
    // The caller may not enter it either.
  }
}

/** What to put before the supervisor's command line so that it gets a scope of its own; nothing without systemd. */
function supervisorScope(
  context: Caller,
  backend: Backend,
  id: string,
): { argv: string[]; env: Record<string, string> } {
  if (!(backend instanceof SystemdBackend)) return { argv: [], env: {} };
  const { systemd } = backend;
  const tool = systemd.toolEnv();
  const { env, words } = restoring([...Object.keys(tool), ...SET_BY_SYSTEMD_RUN], context.env);
  const argv = [
    toolPath("systemd-run"),
    ...systemd.toolFlags(),
    "--scope",
    "--quiet",
    "--collect",
    `--unit=corral-${id}-supervisor.scope`,
    // Not the command line: it would end up in the journal.
    `--description=supervisor of corral job ${id}`,
    `--slice=${backend.supervisorSlice}`,
    "--",
    ...words.flatMap((some) => [toolPath("env"), ...some]),
  ];
  return { argv, env: { ...tool, ...env } };
}

/** What gives variables back the values they had, or the lack of one: words for env(1), and where it finds the values. */
function restoring(
  names: readonly string[],
  before: Record<string, string>,
): { env: Record<string, string>; words: string[][] } {
  const unset = names.filter((name) => before[name] === undefined);
  const carried = names.filter((name) => before[name] !== undefined).map((name, index): [string, string] => [
    name,
    `CORRAL_RESTORE_${index}`,
  ]);
  const env = Object.fromEntries(carried.map(([name, by]) => [by, before[name]!]));
  return { env, words: envWords(carried, unset) };
}

/** Passes on what the second corral prints until it has started; false when it ended before. */
async function hasStarted(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  say: (line: string) => void,
): Promise<boolean> {
  let pending = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return false;
    const lines = (pending + value).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) {
      if (line === STARTED) return true;
      if (line.startsWith(SAY)) say(JSON.parse(line.slice(SAY.length)));
    }
  }
}
