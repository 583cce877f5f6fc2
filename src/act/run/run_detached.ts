/** `corral run --detach`: prints the id and returns; the output of the command goes to a file. */
import { dirname } from "node:path";
import { fromHere } from "../../base/path.ts";
import { answers } from "../../linux/apart.ts";
import { refuseFifo } from "../../linux/fifo.ts";
import type { Terminal } from "../../linux/output.ts";
import { EXIT, PathError } from "../../base/errors.ts";
import { newJobId } from "../../value/id.ts";
import { boundedAt } from "./cut_output.ts";
import { detachedHalf, startSupervisor, withoutMark } from "./detach.ts";
import { refuseOthersStore } from "../../store/open.ts";
import { outputFileOf } from "../../store/output_file.ts";
import { type RunContext, runJob, type RunRequest } from "./run.ts";

/** What a job that no caller waits for is asked for besides. */
export interface DetachedRequest extends RunRequest {
  /** Where the store is, and the output beside it. */
  stateDir: string;
}

/** Either half of it; resolves to an exit code. `started` is given the id in the first half, once the job runs. */
export async function runDetached(
  context: RunContext & Pick<Terminal, "stdout">,
  request: DetachedRequest,
  started: (id: string) => void,
): Promise<number> {
  const detached = detachedHalf(context);
  if (detached !== null) {
    // Another user's file is that user's to make, not root's (launch/user_gate.ts).
    const isOwn = request.user === null || request.user.uid === context.uid;
    const output = isOwn ? await outputFile(request, detached.id) : askedOutput(request);
    const bounded = output === null ? null : await boundedAt(output, request.outputMaxBytes ?? null);
    const rest = { ...request, env: withoutMark(request.env) };
    return await runJob(context, rest, { ...detached, output, bounded });
  }
  const id = newJobId(context.randomBytes);
  const { bestEffort, quiet } = request;
  const warn = (line: string) => void (quiet || context.say(line));
  await startSupervisor(context, context.launchBackend(request.backend, { bestEffort, warn }), id);
  started(id);
  return EXIT.DONE;
}

function askedOutput({ output, cwd }: DetachedRequest): string | null {
  return output === null ? null : fromHere(cwd, output);
}

/** Where stdout and stderr go, tried out now: a job whose words are lost should not have been started. Throws CorralError, TrustError. */
async function outputFile({ output: asked, stateDir, cwd }: DetachedRequest, id: string): Promise<string> {
  const path = asked === null ? outputFileOf(stateDir, id) : fromHere(cwd, asked);
  if (!await answers(path)) {
    throw new PathError("does not answer", {
      path,
      remedy: "give an --output on another file system",
      exitCode: EXIT.CORRAL_FAILED,
    });
  }
  if (asked === null) refuseOthersStore(stateDir);
  try {
    if (asked === null) Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    refuseFifo(path);
    Deno.openSync(path, { append: true, create: true, mode: 0o600 }).close();
    return realPath(path);
  } catch (cause) {
    throw new PathError("cannot write the job's output", {
      path,
      cause,
      remedy: asked === null ? "give --output FILE" : "give another --output",
      exitCode: EXIT.CORRAL_FAILED,
    });
  }
}

/** The file itself: it is recorded, and a link may lead elsewhere later. What has no path of its own (a pipe of /proc/self/fd) stays as it was named. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}
