/** `corral run --detach`: prints the id and returns; the output of the command goes to a file. */
import { dirname } from "node:path";
import { crashPoint } from "../../base/crash_point.ts";
import { fromHere } from "../../base/path.ts";
import { answers } from "../../linux/apart.ts";
import { refuseFifo } from "../../linux/fifo.ts";
import { umaskOfCaller } from "../../linux/surroundings.ts";
import type { Terminal } from "../../linux/output.ts";
import { EXIT, PathError } from "../../base/errors.ts";
import { newJobId } from "../../value/id.ts";
import { boundedAt } from "./cut_output.ts";
import { detachedHalf, startSupervisor, withoutMark } from "../launch/detach.ts";
import { refuseOthersStore } from "../../store/open.ts";
import { outputFileOf } from "../../store/output_file.ts";
import { type Backend, enforceablePool } from "../../backend/backend.ts";
import { Ledger } from "../../store/ledger.ts";
import type { JobStore } from "../../store/jobs.ts";
import { waitWords } from "../../queue/words.ts";
import { endQueued } from "../end/end_queued.ts";
import { admitWaiting } from "../queue/pass.ts";
import { withPoolStore } from "./pool_store.ts";
import { enqueue } from "./queue_run.ts";
import type { PoolRequest } from "./job_request.ts";
import { specFrom } from "./spec.ts";
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
  if (request.pool != null) {
    return await queueDetached(context, { ...request, pool: request.pool }, { id, warn, started });
  }
  await startSupervisor(context, context.launchBackend(request.backend, { bestEffort, warn }), id);
  started(id);
  return EXIT.DONE;
}

/** In a pool: a row, and a process only once there is room. */
async function queueDetached(
  context: RunContext & Pick<Terminal, "stdout">,
  request: DetachedRequest & { pool: PoolRequest },
  { id, warn, started }: { id: string; warn: (line: string) => void; started: (id: string) => void },
): Promise<number> {
  const { bestEffort, pool: { pool, pools, isUnique } } = request;
  const backend = context.launchBackend(request.backend, { bestEffort, warn });
  backend.inPool(enforceablePool(pool, backend, { bestEffort, warn }));
  const ticket = { args: context.self.args, cwd: context.cwd, env: context.env, umask: umaskOfCaller() };
  const store = (await withPoolStore({ context, say: warn, isStopped: () => false }, (store) => {
    enqueue(context, store, specFrom(context, request, id), { isUnique, ticket });
    return store;
  }))!;
  crashPoint("enqueue: queued");
  const { admitted, waiting } = await admitWaiting(context, store, { pools, own: id });
  crashPoint("enqueue: admitted");
  if (admitted.includes(id)) await startOwn(context, store, backend, id);
  started(id);
  const verdict = waiting.find((one) => one.id === id);
  if (verdict !== undefined) warn(`job ${id} is queued: ${waitWords(verdict, pool, context.clock.bootMs())}`);
  return EXIT.DONE;
}

/** A caller that is told of a failure has no job: not even one that another process starts later. */
async function startOwn(context: RunContext, store: JobStore, backend: Backend, id: string): Promise<void> {
  try {
    await startSupervisor(context, backend, id);
  } catch (error) {
    const job = store.get(id);
    if (job?.phase.state === "queued") {
      endQueued({ ...context, ledger: new Ledger(store, context.say) }, job, { reason: "failed-to-start" });
    }
    throw error;
  }
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
