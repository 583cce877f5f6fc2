/** `corral freeze` and `corral thaw`: pause a job and resume it. Its deadline goes on meanwhile. */
import { Command } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import { freeze, isFrozen, thaw } from "../../cgroup/freezer.ts";
import type { Context } from "../context.ts";
import { CorralError, EXIT } from "../../base/errors.ts";
import { FREEZE_CAP_MS } from "../../cgroup/terminate.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";
import { forOwner } from "../for_owner.ts";
import { selectOne } from "../select.ts";
import { ownCgroup } from "../../observe/own_cgroup.ts";

/** `freeze`, wired to `invoke`. */
export function freezeVerb(invoke: Invoke) {
  const verb = new Command("freeze")
    .description(
      "Stops every process of a job where it is. It keeps its memory, and its deadline goes on: `corral set JOB --timeout +1h`.",
    )
    .argument("<JOB>", JOB_FORMS);
  verb.action((job) =>
    invoke(verb, (context) => forOwner(context, job, () => freezeJob(context, job), { isActing: true }))
  );
  return verb;
}

/** `thaw`, wired to `invoke`. */
export function thawVerb(invoke: Invoke) {
  const verb = new Command("thaw")
    .description("Lets every process of a frozen job go on.")
    .argument("<JOB>", JOB_FORMS);
  verb.action((job) =>
    invoke(verb, (context) => forOwner(context, job, () => thawJob(context, job), { isActing: true }))
  );
  return verb;
}

async function freezeJob(context: Context, selector: string): Promise<number> {
  const [present, former] = [context.openStore("freeze"), context.openFormerStore("freeze")];
  const job = selectOne(bothStores(present, former), selector);
  const store = storeOf(job.spec.id, present, former);
  const cgroup = ownCgroup(context, job);
  if (!await freeze(cgroup, FREEZE_CAP_MS)) {
    throw new CorralError(`job ${job.spec.id} cannot be frozen: a process waits in the kernel; it runs on`, {
      remedy: `corral show ${job.spec.id}`,
    });
  }
  record(context, store, job.spec.id, "frozen");
  context.stdout.write(`${job.spec.id} frozen\n`);
  return EXIT.DONE;
}

// deno-lint-ignore require-await
async function thawJob(context: Context, selector: string): Promise<number> {
  const [present, former] = [context.openStore("thaw"), context.openFormerStore("thaw")];
  const job = selectOne(bothStores(present, former), selector);
  const store = storeOf(job.spec.id, present, former);
  const cgroup = ownCgroup(context, job);
  const was = isFrozen(cgroup);
  thaw(cgroup);
  if (was) record(context, store, job.spec.id, "thawed");
  context.stdout.write(`${job.spec.id} ${was ? "thawed" : "was not frozen"}\n`);
  return EXIT.DONE;
}

function record(context: Context, store: ReturnType<Context["openStore"]>, id: string, kind: string): void {
  store.addEvents(id, [{ atMs: context.clock.wallMs(), actor: store.actor, kind, detail: {} }]);
}
