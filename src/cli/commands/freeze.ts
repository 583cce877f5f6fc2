/** `corral freeze` and `corral thaw`: pause a job and resume it. Its deadline goes on meanwhile. */
import { Command } from "@commander-js/extra-typings";
import { JOB_FORMS } from "../../value/selector.ts";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../../base/errors.ts";
import { freezeJob, thawJob } from "../../act/change/freeze_job.ts";
import type { Job } from "../../job/job.ts";
import type { JobStore } from "../../store/jobs.ts";
import { bothStores, storeOf } from "../../store/former_store.ts";
import { forOwner } from "../for_owner.ts";
import { selectOne } from "../select.ts";

/** `freeze`, wired to `invoke`. */
export function freezeVerb(invoke: Invoke) {
  const verb = new Command("freeze")
    .description(
      "Stops every process of a job where it is. It keeps its memory, and its deadline goes on: `corral set JOB --timeout +1h`.",
    )
    .argument("<JOB>", JOB_FORMS);
  verb.action((job) =>
    invoke(verb, (context) => forOwner(context, job, () => freezeNamed(context, job), { isActing: true }))
  );
  return verb;
}

/** `thaw`, wired to `invoke`. */
export function thawVerb(invoke: Invoke) {
  const verb = new Command("thaw")
    .description("Lets every process of a frozen job go on.")
    .argument("<JOB>", JOB_FORMS);
  verb.action((job) =>
    invoke(verb, (context) => forOwner(context, job, () => thawNamed(context, job), { isActing: true }))
  );
  return verb;
}

async function freezeNamed(context: Context, selector: string): Promise<number> {
  const { job, store } = chosen(context, "freeze", selector);
  context.stdout.write(`${await freezeJob(context, store, job)}\n`);
  return EXIT.DONE;
}

// deno-lint-ignore require-await
async function thawNamed(context: Context, selector: string): Promise<number> {
  const { job, store } = chosen(context, "thaw", selector);
  context.stdout.write(`${thawJob(context, store, job)}\n`);
  return EXIT.DONE;
}

function chosen(context: Context, actor: string, selector: string): { job: Job; store: JobStore } {
  const [present, former] = [context.openStore(actor), context.openFormerStore(actor)];
  const job = selectOne(bothStores(present, former), selector);
  return { job, store: storeOf(job.spec.id, present, former) };
}
