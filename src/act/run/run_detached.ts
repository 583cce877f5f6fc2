/** `corral run --detach`: prints the id and returns; what the command says goes to a file. */
import { dirname } from "node:path";
import type { Context } from "../../cli/context.ts";
import { EXIT, PathError } from "../../base/errors.ts";
import { newJobId } from "../../value/id.ts";
import { detachedHalf, startSupervisor, withoutMark } from "./detach.ts";
import { outputFileOf } from "../../store/output_file.ts";
import { runJob, type RunRequest } from "./run.ts";

/** Either half of it; resolves to an exit code. */
export async function runDetached(context: Context, request: RunRequest): Promise<number> {
  const detached = detachedHalf(context);
  if (detached !== null) {
    const output = outputFile(context, detached.id, request.output);
    return await runJob(context, { ...request, env: withoutMark(request.env) }, { ...detached, output });
  }
  const id = newJobId(context.randomBytes);
  await startSupervisor(context, context.backend(request.backend), id);
  context.stdout.write(`${id}\n`);
  return EXIT.DONE;
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
