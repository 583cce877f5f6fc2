/** The record of a job whose command never ran, and the text of a receipt. */
import type { Diagnostics } from "../../base/diagnostics.ts";
import { EXIT } from "../../base/errors.ts";
import { toJson } from "../../base/json.ts";
import type { Ending, StoredEvent } from "../../job/events.ts";
import type { EndReason, Exit, GpuHolder, Job, RunningFacts } from "../../job/job.ts";
import { jobJson, withGpuHolders } from "../../job/json.ts";
import { rememberLastSignal } from "../../linux/last_signal.ts";
import type { Node } from "../../observe/node.ts";
import { runOnEnd } from "../end/on_end.ts";
import { recordEnd } from "../end/record_end.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { Receipt } from "./receipt_to_write.ts";

/** The job as JSON, as it is recorded now; `steps` where the store does not answer. */
export function receiptText(
  job: Job,
  ledger: Ledger,
  { steps, gpuHolders = null }: { steps: StoredEvent[]; gpuHolders?: readonly GpuHolder[] | null },
): string {
  // The ledger reported the loss when it happened; the receipt still has the steps.
  const recorded = ledger.recorded(job.spec.id);
  // Limits and time-out may have been changed since the launch (`corral set`).
  const spec = recorded?.spec ?? job.spec;
  return toJson(withGpuHolders(jobJson({ ...job, spec }, recorded?.events ?? steps, null), gpuHolders));
}

/** Records the end of a job whose command never ran. */
export class FailedStart {
  constructor(
    readonly context: Node & Diagnostics,
    readonly job: Pick<Job, "spec" | "watch">,
    readonly ledger: Ledger,
    readonly receipt: Receipt | null,
  ) {}

  async record(reason: EndReason, exit: Exit): Promise<void> {
    const ending: Ending = {
      reason,
      trigger: reason,
      exit,
      endedAtMs: this.context.clock.wallMs(),
      usage: null,
      survivors: [],
    };
    const { ledger, job: { spec } } = this;
    recordEnd({ ledger, journal: this.context.journal }, { spec, ending, steps: [] });
    this.ledger.settle(this.job.spec.id);
    const run: RunningFacts | null = null;
    const job: Job = { ...this.job, phase: { state: "ended", run, ...ending } };
    await this.receipt?.write(receiptText(job, this.ledger, { steps: [] }));
    await runOnEnd(this.context, job, { ledger, actor: "run" });
  }

  /** A signal came before the command ran; the exit code for it. */
  async recordStopped(signal: number): Promise<number> {
    await this.record("killed", { code: null, signal });
    rememberLastSignal(signal);
    return EXIT.SIGNAL_BASE + signal;
  }
}
