/**
 * `corral run --detach`: two processes. The one that was called starts a second corral, the job's supervisor, waits until that says
 * the command runs, prints the id and returns. The supervisor has a session of its own and, under systemd, a scope of its own
 * (corral-ID-supervisor.scope), so neither a log-out nor the end of a cron job takes it along.
 */
import { dirname } from "node:path";
import type { Context } from "../context.ts";
import { CorralError, EXIT, PathError } from "../errors.ts";
import { newJobId } from "../job/id.ts";
import { toolPath } from "../launch/command_lookup.ts";
import { SystemdBackend } from "../launch/systemd_backend.ts";
import { outputFileOf } from "./output_file.ts";
import { runJob, type RunRequest } from "./run_job.ts";

/** Tells the second corral the id of the job that it supervises. Taken out of the job's environment. */
const SUPERVISE = "CORRAL_SUPERVISE";
/** What systemd-run(1) puts into the environment of a scope's process. */
const SET_BY_SYSTEMD_RUN = ["INVOCATION_ID"];
/** First word of the line by which the supervisor says that the command runs. */
const STARTED = "started";

/** Either half: which one is told by the environment. Resolves to an exit code. */
export async function superviseDetached(context: Context, request: RunRequest): Promise<number> {
  const told = context.env[SUPERVISE];
  if (told === undefined) return await startSupervisor(context, request);
  const { [SUPERVISE]: id = told, ...env } = request.env;
  const output = outputFile(context, id, request.output);
  // The line goes through the pipe to the first process; afterwards nobody reads it any more.
  const started = () => context.stdout.write(`${STARTED}\n`);
  return await runJob(context, { ...request, env }, { id, output, started });
}

async function startSupervisor(context: Context, request: RunRequest): Promise<number> {
  const id = newJobId(context.randomBytes);
  const scope = supervisorScope(context, request, id);
  const [program, ...args] = [
    ...scope.argv,
    toolPath("setsid"),
    "--",
    context.self.path,
    ...context.self.args,
  ];
  const child = new Deno.Command(program!, {
    args,
    env: { ...scope.env, [SUPERVISE]: id },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (await firstLine(child.stdout) === STARTED) {
    context.stdout.write(`${id}\n`);
    return EXIT.DONE;
  }
  // It failed before the command ran: its own words and exit code are ours.
  const [words, status] = await Promise.all([new Response(child.stderr).text(), child.status]);
  throw new CorralError(words.trim().replace(/^corral: /, "") || "the supervisor did not start", {
    exitCode: status.code === 0 ? EXIT.CORRAL_FAILED : status.code,
  });
}

/** What to put before the supervisor's command line so that it gets a scope of its own; nothing without systemd. */
function supervisorScope(
  context: Context,
  request: RunRequest,
  id: string,
): { argv: string[]; env: Record<string, string> } {
  const backend = context.backend(request.backend);
  if (!(backend instanceof SystemdBackend)) return { argv: [], env: {} };
  const { systemd } = backend;
  const env = systemd.toolEnv();
  const argv = [
    toolPath("systemd-run"),
    ...systemd.toolFlags(),
    "--scope",
    "--quiet",
    "--collect",
    `--unit=corral-${id}-supervisor.scope`,
    // Not the command line: it would end up in the journal.
    `--description=supervisor of corral job ${id}`,
    "--slice=corral.slice",
    "--",
    toolPath("env"),
    ...restoring([...Object.keys(env), ...SET_BY_SYSTEMD_RUN], context.env),
  ];
  return { argv, env };
}

/** Words for env(1) that give variables back the values they had, or the lack of one. */
function restoring(names: readonly string[], before: Record<string, string>): string[] {
  const unset = names.filter((name) => before[name] === undefined);
  const set = names.filter((name) => before[name] !== undefined);
  return [...unset.flatMap((name) => ["-u", name]), ...set.map((name) => `${name}=${before[name]}`)];
}

/** Where stdout and stderr go, tried out now: a job whose words are lost should not have been started. Throws CorralError. */
function outputFile(context: Context, id: string, asked: string | null): string {
  const path = asked === null ? outputFileOf(context.settings.stateDir, id) : absolute(context, asked);
  try {
    if (asked === null) Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    Deno.openSync(path, { append: true, create: true, mode: 0o600 }).close();
    return path;
  } catch (cause) {
    throw new PathError("cannot write the job's output", {
      path,
      cause,
      mend: asked === null ? "give --output FILE" : "give another --output",
      exitCode: EXIT.CORRAL_FAILED,
    });
  }
}

function absolute(context: Context, path: string): string {
  return path.startsWith("/") ? path : `${context.cwd}/${path}`;
}

async function firstLine(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  return text.split("\n")[0] ?? "";
}
