/** Ended jobs in a store, in which only what a test is about has to be said. */
import type { JobSpec, Watch } from "../../../src/job/job.ts";
import type { Usage } from "../../../src/job/usage.ts";
import type { JobStore } from "../../../src/store/jobs.ts";
import type { Ending } from "../../../src/job/events.ts";
import { endedPhase, JOB_ID, momentAt, runOf, specOf, USAGE, watchOf } from "./job.ts";

export interface EndedJob {
  spec?: Partial<JobSpec>;
  watch?: Partial<Watch>;
  startedAtMs?: number;
  ending?: Partial<Ending>;
  usage?: Partial<Usage> | null;
}

/** Records a job from its launch to its end, as `corral run` does. */
export function insertEnded(
  store: JobStore,
  { spec, watch, startedAtMs, ending, usage = {} }: EndedJob = {},
): void {
  const id = spec?.id ?? JOB_ID;
  const { reason, trigger, exit, endedAtMs, survivors } = endedPhase();
  store.insert(
    specOf({ ...(startedAtMs === undefined ? {} : { createdAtMs: startedAtMs }), ...spec }),
    watchOf(watch),
  );
  store.markRunning(id, runOf(startedAtMs === undefined ? {} : { startedAtMs }));
  store.claimEnding(id, ending?.reason ?? reason, momentAt(ending?.endedAtMs ?? endedAtMs));
  store.markEnded(id, {
    reason,
    trigger: ending?.reason ?? trigger,
    exit,
    endedAtMs,
    survivors,
    usage: usage === null ? null : { ...USAGE, ...usage },
    ...ending,
  }, []);
}
