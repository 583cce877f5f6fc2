/** The beginning of a run: signals, receipt, backend, the record, and in a pool the wait for room. */
import { crashPoint } from "../../base/crash_point.ts";
import { EXIT } from "../../base/errors.ts";
import { type Backend, enforceablePool } from "../../backend/backend.ts";
import { type JobSpec, NO_EXIT, type Watch } from "../../job/job.ts";
import type { BoundedOutput } from "../../linux/bounded_output.ts";
import { PassedSignals } from "../../linux/passed_signals.ts";
import { ignoredSignals, StopSignals } from "../../linux/stop_signals.ts";
import type { User } from "../../linux/users.ts";
import { ownIdentity } from "../../observe/own_identity.ts";
import type { SlurmHere } from "../../observe/slurm.ts";
import type { JobStore } from "../../store/jobs.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { Detached } from "../launch/detach.ts";
import { FailedStart } from "./failed_start.ts";
import { anotherUser, receiptFor } from "./for_user.ts";
import { openLedger } from "./open_ledger.ts";
import type { Receipt } from "./receipt_to_write.ts";
import type { RunContext, RunRequest } from "./run_request.ts";
import { freeId, specFrom } from "./spec.ts";
import type { watchParentAndStep } from "./with_parent.ts";

/** How a job runs without a waiting caller: its output goes to a file. */
export interface DetachedRun extends Detached {
  /** Null for a file that another user's job makes for itself. */
  output: string | null;
  /** Before the output, with `--output-max`. */
  bounded?: BoundedOutput | null;
}

/** A run from its first record on: what it was asked for, who listens, and where it is recorded. */
export interface Run {
  readonly context: RunContext;
  readonly request: RunRequest;
  readonly detached: DetachedRun | null;
  readonly say: (line: string) => void;
  /** Signals that were ignored when corral started. */
  readonly ignored: number[];
  readonly stop: StopSignals;
  readonly passed: PassedSignals;
  /** The user whom root becomes for this job; null for a job of the caller's own. */
  readonly other: User | null;
  readonly receipt: Receipt | null;
  readonly backend: Backend;
  readonly ledger: Ledger;
  readonly spec: JobSpec;
  readonly watch: Watch;
  readonly failed: FailedStart;
  /** Of a job of a pool. */
  readonly queueStore: JobStore | null;
  /** Where corral runs in a Slurm job. */
  readonly slurm: SlurmHere | null;
}

/** Listens to signals, then records the job: a crash from here on leaves a trace. An exit code when it ended in the queue. */
export async function recordedRun(
  context: RunContext,
  request: RunRequest,
  { detached, slurm, watching }: Pick<Run, "detached" | "slurm"> & {
    watching: ReturnType<typeof watchParentAndStep>;
  },
): Promise<Run | number> {
  const speak = detached?.say ?? context.say;
  const say = (line: string) => void (request.quiet || speak(line));
  // Before any handler is set: afterwards an inherited "ignore" cannot be told from the default.
  const ignored = ignoredSignals(context.procs.root);
  const other = anotherUser(request.user, context);
  // Before there is a handler: while its file system does not answer, a signal ends corral itself.
  const receipt = await receiptFor(context, request, say);
  const stop = new StopSignals();
  stop.listen(ignored);
  const passed = new PassedSignals();
  passed.listen(ignored);
  const { bestEffort } = request;
  // The first half of a detached run has warned already.
  const warn = detached === null ? say : () => {};
  const chosen = context.launchBackend(request.backend, { bestEffort, warn });
  const backend = request.pool == null
    ? chosen
    : chosen.inPool(enforceablePool(request.pool.pool, chosen, { bestEffort, warn }));
  backend.prepare();
  const ledger = openLedger(context, say, { isNeeded: request.pool != null });
  const asked = specFrom(context, request, detached?.id ?? freeId(context, ledger));
  const watch: Watch = {
    supervisor: ownIdentity(context),
    backend: backend.name,
    ...(receipt === null ? {} : { receipt: receipt.place }),
    ...(slurm === null ? {} : { slurm: slurm.job }),
  };
  crashPoint("launch: nothing recorded");
  const inQueue = request.pool == null ? null : await import("./queue_run.ts");
  const queued = inQueue === null ? null : await inQueue.queue(
    { context, request, stop, say },
    { asked, watch, isTicket: detached !== null, watching },
  );
  if (queued === null) ledger.insert(asked, watch);
  const spec = queued?.spec ?? asked;
  crashPoint("launch: recorded");
  const failed = new FailedStart(context, { spec, watch }, ledger, receipt);
  if (queued?.room === "stopped") {
    if (stop.received !== null) return await failed.recordStopped(stop.received);
    await failed.record("orphaned", NO_EXIT);
    return EXIT.CORRAL_FAILED;
  }
  if (queued?.room === "ended") return inQueue!.endedInQueue(context, spec, say);
  return {
    ...{ context, request, detached, say, ignored, stop, passed, other, receipt, backend, ledger },
    ...{ spec, watch, failed, slurm, queueStore: queued?.store ?? null },
  };
}
