/** The end of a job that has no first process: nothing is left in its cgroup. */
import { pause } from "../base/poll.ts";
import { waitForEvents } from "../cgroup/events.ts";
import type { OwnedCgroup } from "../cgroup/file.ts";
import { type Exit, NO_EXIT } from "../job/job.ts";

/** One wait; the next one follows. */
const WAIT_CAP_MS = 3_600_000;
/** The kernel gives notice; should it ever not, the job's end is recorded that much later. */
const RECHECK_MS = 60_000;
/** A cgroup that cannot be read is not an empty one: it is asked again. */
const RETRY_MS = 1_000;

/** Resolves when the job's cgroup is empty or gone. The exits of such a job's processes are not seen. */
export async function emptied(cgroup: OwnedCgroup): Promise<Exit> {
  for (;;) {
    try {
      const wait = { capMs: WAIT_CAP_MS, recheckMs: RECHECK_MS };
      if (await waitForEvents(cgroup, ({ populated }) => !populated, wait)) {
        return NO_EXIT;
      }
    } catch {
      await pause(RETRY_MS);
    }
  }
}
