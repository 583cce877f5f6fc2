/** The spec of a job, from what `corral run` was asked for. */
import { newJobId } from "../../value/id.ts";
import type { OnEnd } from "../../job/on_end.ts";
import type { JobSpec, PoolPlace } from "../../job/job.ts";
import type { UserHome } from "../../job/user_home.ts";
import type { Caller } from "../../linux/caller.ts";
import type { User } from "../../linux/users.ts";
import type { Node } from "../../observe/node.ts";
import type { Ledger } from "../../store/ledger.ts";
import { healthSpecFrom } from "./health_spec.ts";
import type { JobRequest, PoolRequest } from "./job_request.ts";

/** The job itself; how it is run is in RunRequest. */
export interface JobAsked extends JobRequest {
  argv: string[];
  name: string;
  user: User | null;
  cwd: string;
  /** The job lives as long as any process of it does, and not as its first. */
  waitAll?: boolean;
  /** In whose room it runs; null, and without, in none's. */
  pool?: PoolRequest | null;
  /** A command line of sh(1) that runs when it has ended. */
  onEnd?: string | null;
}

/** An id that no job has. */
export function freeId(context: Pick<Node, "randomBytes">, ledger: Ledger): string {
  for (;;) {
    const id = newJobId(context.randomBytes);
    if (!ledger.isTaken(id)) return id;
  }
}

/** The spec of the job that was asked for: the caller's, or that of the user whom root becomes. */
export function specFrom(context: Node & Caller, request: JobAsked, id: string): JobSpec {
  const { argv, name, ref, tags, cwd, limits, timeoutMs, cpuTimeMs, graceMs, signal } = request;
  const owner = { user: request.user?.name ?? context.userName, uid: request.user?.uid ?? context.uid };
  const createdAtMs = context.clock.wallMs();
  return {
    id,
    name,
    ref,
    tags,
    argv,
    ...owner,
    cwd,
    limits,
    timeoutMs,
    cpuTimeMs,
    graceMs,
    signal,
    createdAtMs,
    adopted: false,
    ...(request.waitAll ? { waitAll: true as const } : {}),
    ...(request.pool == null ? {} : { pool: placeOf(request.pool) }),
    ...healthOf(request, { id, user: userOf(context, request) }),
    ...(request.onEnd == null ? {} : { onEnd: onEndFrom(context, request, request.onEnd) }),
  };
}

function placeOf({ pool: { name }, priority, requeue }: PoolRequest): PoolPlace {
  return { name, priority, requeue };
}

/** It runs as the job's user, whichever process records the end. */
function onEndFrom(caller: Caller, asked: JobAsked, command: string): OnEnd {
  return { command, ...userOf(caller, asked) };
}

function userOf({ uid, env }: Caller, { user }: Pick<JobAsked, "user">): UserHome {
  if (user !== null) return { uid: user.uid, gid: user.gid, home: user.home };
  return { uid, gid: Deno.gid() ?? 0, home: env["HOME"] ?? "/" };
}

function healthOf({ health }: JobAsked, job: { id: string; user: UserHome }): Pick<JobSpec, "health"> {
  const spec = healthSpecFrom(health, job);
  return spec === null ? {} : { health: spec };
}
