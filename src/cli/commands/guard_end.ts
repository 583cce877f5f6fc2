/** `corral guard-end`: called by the guard of a job whose supervisor is gone or hangs (act/launch/guard.ts). Not shown in the help. */
import { Command } from "@commander-js/extra-typings";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT, UsageError } from "../../base/errors.ts";
import { quoted } from "../../base/text.ts";
import { isJobId } from "../../value/id.ts";
import { endUnsupervised, type GuardSaw } from "../../act/end/end_unsupervised.ts";
import { runDueOnEnd } from "../../act/end/due_on_end.ts";
import { followHealth } from "../../act/health/without_supervisor.ts";
import { admitNext } from "../../act/queue/pass.ts";
import { writeLateReceipt } from "../../act/end/late_receipt.ts";

/** The supervisor lives and is not late: the guard goes on waiting. */
const STILL_SUPERVISED = 75;

/** The sub-command, wired to `invoke`. */
export function guardEndVerb(invoke: Invoke) {
  const verb = new Command("guard-end")
    .description("Ends the job as a sweep would. For the job's guard.")
    .argument("<ID>", "the whole id of the job")
    .argument("<SAW>", "gone or hung: what became of the supervisor");
  verb.action((id, saw) => invoke(verb, (context) => end(context, id, saw)));
  return verb;
}

async function end(context: Context, id: string, saw: string): Promise<number> {
  if (!isJobId(id)) throw new UsageError(`${quoted(id)} is not the id of a job`);
  // The guard's own is the job's cgroup.
  Deno.chdir("/");
  const store = context.openStore("guard");
  const job = store.get(id);
  const { onOrphan } = context.settings;
  const result = await endUnsupervised(context, store, id, {
    saw: saw as GuardSaw,
    onOrphan,
    followHealth: (job, seen) => followHealth(context, store, { job, seen }),
  });
  if (result === "supervised") return STILL_SUPERVISED;
  // The store has lost it, or never had it: the guard, which holds the job's cgroup, ends it by itself (act/launch/guard.ts).
  if (result === "unknown") return EXIT.CORRAL_FAILED;
  // Its supervisor may have recorded the end itself and died then.
  await writeLateReceipt(store, id, context);
  await runDueOnEnd(context, store, id);
  await admitNext(context, context.settings.pools);
  if (job !== null) context.backendOf(job).leaveGuard(id);
  return EXIT.DONE;
}
