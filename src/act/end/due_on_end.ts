/** `--on-end` commands whose job's supervisor did not live to run them. */
import { atOnce } from "../../base/at_once.ts";
import type { Diagnostics } from "../../base/diagnostics.ts";
import type { Job } from "../../job/job.ts";
import type { Node } from "../../observe/node.ts";
import { Ledger } from "../../store/ledger.ts";
import type { JobStore } from "../../store/jobs.ts";
import { runOnEnd } from "./on_end.ts";

/** A supervisor that lives and has not begun by then hangs. The receipt comes first, which may take its time. */
const OWN_TIME_MS = 60_000;
/** Commands of different jobs, side by side. */
const AT_ONCE = 16;

/** Runs that of one job, if it is over and its supervisor does not do it. Throws StoreError. */
export async function runDueOnEnd(node: Node & Diagnostics, store: JobStore, id: string): Promise<void> {
  const job = store.get(id);
  if (job === null || job.spec.onEnd === undefined || !isDue(node, job)) return;
  const ledger = new Ledger(store, (line) => node.say(line));
  await runOnEnd(node, job, { ledger, actor: store.actor });
}

/** Runs all that are due. Throws StoreError. */
export async function runAllDueOnEnd(
  node: Node & Diagnostics,
  store: JobStore,
  isStopped: () => boolean,
): Promise<void> {
  await atOnce(store.unclaimedOnEnd(), AT_ONCE, async ({ spec }) => {
    if (!isStopped()) await runDueOnEnd(node, store, spec.id);
  });
}

function isDue(node: Node, { phase, watch }: Job): boolean {
  if (phase.state !== "ended") return false;
  if (watch === null) return true;
  const supervisor = node.procs.liveness(watch.supervisor, node.clock.bootId());
  return supervisor === "gone" || node.clock.wallMs() - phase.endedAtMs > OWN_TIME_MS;
}
