import type { Backend } from "../../backend/backend.ts";
import type { OwnedCgroup } from "../../cgroup/file.ts";
import type { JobSpec, RunningFacts } from "../../job/job.ts";

/** A running job, as its health is looked after. */
export interface HealthWatched {
  spec: JobSpec;
  run: RunningFacts;
  cgroup: OwnedCgroup;
  backend: Pick<Backend, "enclose">;
}
