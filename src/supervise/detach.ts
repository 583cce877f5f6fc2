/**
 * `corral run --detach`: two processes. The one that was called starts a second corral, the job's supervisor, waits until that says
 * the command runs, prints the id and returns. The supervisor has a session of its own and, under systemd, a scope of its own
 * (corral-ID-supervisor.scope), so neither a log-out nor the end of a cron job takes it along.
 */
import type { Context } from "../context.ts";
import { CorralError, EXIT } from "../errors.ts";
import { newJobId } from "../job/id.ts";
import type { Backend } from "../launch/backend.ts";
import { SystemdBackend } from "../launch/systemd_backend.ts";
import { runJob, type RunRequest } from "./run_job.ts";

/** Tells the second corral that it is the supervisor of this job. Taken out of the job's environment. */
const SUPERVISE = "CORRAL_SUPERVISE";
/** First word of the line by which the supervisor says that the command runs. */
const STARTED = "started";

/** Either half: which one is told by the environment. Resolves to an exit code. */
export async function superviseDetached(context: Context, request: RunRequest): Promise<number> {
  const told = context.env[SUPERVISE];
  if (told === undefined) return await startSupervisor(context, request);
  const [id = "", ...addedNames] = told.split(" ");
  const env = { ...request.env };
  for (const name of [SUPERVISE, ...addedNames]) delete env[name];
  const output = request.output === null ? defaultOutput(context, id) : absolute(context, request.output);
  // The line goes through the pipe to the first process; afterwards nobody reads it any more.
  const started = () => context.stdout.write(`${STARTED}\n`);
  return await runJob(context, { ...request, env }, { id, output, started });
}

async function startSupervisor(context: Context, request: RunRequest): Promise<number> {
  const id = newJobId(context.randomBytes);
  const scope = supervisorScope(context.backend(request.backend), id);
  const added = Object.keys(scope.env).filter((name) => context.env[name] === undefined);
  const [program, ...args] = [...scope.argv, "setsid", "--", context.self.path, ...context.self.args];
  const child = new Deno.Command(program!, {
    args,
    env: { ...scope.env, [SUPERVISE]: [id, ...added].join(" ") },
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
function supervisorScope(backend: Backend, id: string): { argv: string[]; env: Record<string, string> } {
  if (!(backend instanceof SystemdBackend)) return { argv: [], env: {} };
  const { systemd } = backend;
  return {
    argv: [
      "systemd-run",
      ...systemd.toolFlags(),
      "--scope",
      "--quiet",
      "--collect",
      `--unit=corral-${id}-supervisor.scope`,
      // Not the command line: it would end up in the journal.
      `--description=supervisor of corral job ${id}`,
      "--slice=corral.slice",
      "--",
    ],
    env: systemd.toolEnv(),
  };
}

function defaultOutput(context: Context, id: string): string {
  const directory = `${context.settings.stateDir}/output`;
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  return `${directory}/${id}.log`;
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
