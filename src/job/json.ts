/** The one JSON form of a job: `ps`, `show`, the receipt and (later) the report. Units are in the key names; unknown is null. */
import type { GpuHolder, Job } from "./job.ts";
import { runningFacts } from "./job.ts";
import type { HealthSpec } from "./health.ts";
import { outerJobOf } from "./names.ts";
import { signalName } from "../value/signal.ts";
import { NO_USAGE, type Usage } from "./usage.ts";
import type { StoredEvent } from "./events.ts";
import { unhealthyCheck } from "./unhealthy_check.ts";

/** Times are ISO 8601 in UTC. `live` carries what was read from a running job just now. */
export function jobJson(job: Job, events: StoredEvent[] | null, live: Usage | null): Record<string, unknown> {
  const { spec, watch, phase } = job;
  const run = runningFacts(job);
  const ended = phase.state === "ended" ? phase : null;
  return {
    id: spec.id,
    name: spec.name,
    ref: spec.ref,
    user: spec.user,
    uid: spec.uid,
    state: phase.state,
    reason: phase.state === "ended" || phase.state === "ending" ? phase.reason : null,
    trigger: ended?.trigger ?? null,
    exitCode: ended?.exit.code ?? null,
    signal: ended?.exit.signal == null ? null : signalName(ended.exit.signal),
    command: spec.argv,
    cwd: spec.cwd,
    tags: spec.tags,
    backend: watch?.backend ?? null,
    adopted: spec.adopted,
    pool: spec.pool?.name ?? null,
    priority: spec.pool?.priority ?? null,
    queuedMs: watch?.queuedMs ?? null,
    outer: outerJobOf(run?.cgroup.path ?? null),
    pid: run?.pid ?? null,
    pgid: run?.pgid ?? null,
    cgroupPath: run?.cgroup.path ?? null,
    cgroupInode: run?.cgroup.inode ?? null,
    slurmJob: watch?.slurm?.job ?? null,
    slurmStep: watch?.slurm?.step ?? null,
    slurmRestarts: watch?.slurm?.restarts ?? null,
    supervisorPid: watch?.supervisor.pid ?? null,
    outputFile: run?.outputFile ?? null,
    createdAt: iso(spec.createdAtMs),
    startedAt: iso(run?.startedAtMs ?? null),
    endedAt: iso(ended?.endedAtMs ?? null),
    timeoutMs: spec.timeoutMs,
    cpuTimeMs: spec.cpuTimeMs,
    health: spec.health === undefined ? null : healthJson(spec.health),
    unhealthyCheck: unhealthyCheck(job),
    graceMs: spec.graceMs,
    firstSignal: spec.signal,
    limits: spec.limits,
    usage: ended?.usage ?? live ?? NO_USAGE,
    survivors: ended?.survivors ?? [],
    ...(events === null ? {} : {
      events: events.map((event) => ({
        at: iso(event.atMs),
        actor: event.actor,
        kind: event.kind,
        detail: event.detail,
      })),
    }),
  };
}

function healthJson({ idle, heartbeat, command }: HealthSpec): Record<string, unknown> {
  return {
    idleAfterMs: idle?.afterMs ?? null,
    idleAction: idle?.action ?? null,
    heartbeatMs: heartbeat?.withinMs ?? null,
    heartbeatStartMs: heartbeat?.firstWithinMs ?? null,
    heartbeatFile: heartbeat?.file ?? null,
    healthCommand: command?.command ?? null,
    healthIntervalMs: command?.everyMs ?? null,
  };
}

/** With the processes that hold a GPU after its end; null where there is none to hold. */
export function withGpuHolders(
  json: Record<string, unknown>,
  holders: readonly GpuHolder[] | null,
): Record<string, unknown> {
  return holders === null ? json : { ...json, gpuHolders: holders };
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
