/** `k` of `corral top`: ends one job, as `corral kill` does, and writes nothing while the screen is shown. */
import { killJob } from "../act/end/kill_job.ts";
import { errorText } from "../base/errors.ts";
import type { Job } from "../job/job.ts";
import { stillAlive } from "../job/outcome.ts";
import { storeOf } from "../store/former_store.ts";
import { MISSING } from "../value/units.ts";
import type { Context } from "./context.ts";
import { killOthers } from "./kill_others.ts";

/** What became of it, in one line. Never throws. */
export async function endFromTop(shown: Context, job: Job, say: Context["say"]): Promise<string> {
  const context = { ...shown, say };
  const { id } = job.spec;
  try {
    if (job.storeUid !== undefined) {
      const { isDone } = await killOthers(context, [job], { options: [], json: true });
      return isDone ? `job ${id} ended` : `job ${id}: not ended`;
    }
    const store = storeOf(id, context.openStore("kill"), context.openFormerStore("kill"));
    const order = { skipGrace: false, actor: "kill" };
    const { reason, survivors, refused } = await killJob(context, store, job, order);
    if (refused !== null) return `job ${id}: not ended: ${refused}`;
    return survivors > 0 ? `job ${id}: ${stillAlive(survivors)}` : `job ${id} ended: ${reason ?? MISSING}`;
  } catch (error) {
    return `job ${id}: not ended: ${errorText(error)}`;
  }
}
