/** Every edit there is. */
import { ACT_END } from "./act_end.ts";
import { ACT_RUN } from "./act_run.ts";
import { ACT_WAIT } from "./act_wait.ts";
import { BACKEND, OBSERVE } from "./backend.ts";
import { CGROUP } from "./cgroup.ts";
import { FLEET } from "./fleet.ts";
import { HEALTH } from "./health.ts";
import { JOB } from "./job.ts";
import type { Mutant } from "./mutant.ts";
import { STORE } from "./store.ts";

export const MUTANTS: readonly Mutant[] = [
  ...JOB,
  ...CGROUP,
  ...STORE,
  ...ACT_END,
  ...ACT_RUN,
  ...ACT_WAIT,
  ...BACKEND,
  ...OBSERVE,
  ...FLEET,
  ...HEALTH,
];
