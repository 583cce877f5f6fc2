/** What holds of decide() whatever is seen, likely or not. */
import assert from "node:assert/strict";
import { type Action, decide, HANG_MARGIN_MS, LAUNCH_CAP_MS } from "../../../src/job/decide.ts";
import type { Observation } from "../../../src/job/observation.ts";
import type { Job } from "../../../src/job/job.ts";
import {
  ASKED,
  DEADLINE_MS,
  died,
  ENDED,
  ENDING,
  ENDING_BOOT_MS,
  endingFor,
  exited,
  HURRIED,
  RUNNING,
  seen,
  STARTING,
  TIMED,
  UNKILLABLE,
  UNSEEN,
} from "../../kit/fakes/observation.ts";
import { jobIn, QUEUE_FACTS, runOf } from "../../kit/fakes/job.ts";
import { always, fc } from "../../kit/fakes/properties.ts";

const ADOPTING = jobIn({ state: "starting" }, { adopted: true });
const QUEUED = { ...jobIn({ state: "queued", queue: QUEUE_FACTS }), watch: null };
const BUSY = jobIn({ state: "running", run: runOf() }, { cpuTimeMs: 10_000 });
const JOBS: Job[] = [
  ...[QUEUED, STARTING, ADOPTING, RUNNING, TIMED, BUSY, ENDING, endingFor("killed"), ENDED],
  UNKILLABLE,
];

/** Every combination that can be seen, not only the likely ones. */
const OBSERVATIONS = fc.record<Partial<Observation>>({
  bootMs: fc.constantFrom(-5_000, -1, 0, 1, 50_000, 100_000).map((lateMs) => DEADLINE_MS + lateMs),
  sameBoot: fc.constantFrom(true, true, false),
  cgroup: fc.constantFrom("populated", "empty", "gone", "foreign"),
  supervisor: fc.constantFrom("self", "alive", "gone"),
  leader: fc.constantFrom({ alive: true }, UNSEEN, exited(0), exited(137), died(9), died(15)),
  cpuTime: fc.constantFrom(null, { usedUsec: 9e6, cores: 2 }, { usedUsec: 1e7, cores: 2 }, {
    usedUsec: 2e8,
    cores: 2,
  }),
  unhealthy: fc.constantFrom(null, null, "idle", "heartbeat", "health-command"),
  oomKills: fc.nat(1),
  endRequest: fc.constantFrom(null, ASKED, HURRIED),
  onOrphan: fc.constantFrom("kill", "keep"),
  finishedByOwner: fc.constantFrom(false, false, true),
  callerGone: fc.constantFrom(false, false, true),
  supervisorAgeMs: fc.constantFrom(2_000, LAUNCH_CAP_MS + 1),
}).map((changes) => seen(changes));
const ROUNDS = 20_000;

/** A queued job has no cgroup that could be another's. */
const LAUNCHED = JOBS.filter((job) => job !== QUEUED);

function assertAlways(
  holds: (action: Action, seen: Observation, job: Job) => boolean,
  jobs: readonly Job[] = JOBS,
): void {
  always(fc.tuple(fc.constantFrom(...jobs), OBSERVATIONS), ([job, observation]) => {
    const action = decide(job, observation);
    assert.ok(holds(action, observation, job), JSON.stringify({ phase: job.phase, observation, action }));
  }, ROUNDS);
}

const ends = (action: Action) => action.do === "end" || action.do === "finish";
const acts = (action: Action) => ends(action) || action.do === "collect";

Deno.test("decide() ends nothing but a populated cgroup", () => {
  assertAlways((action, { cgroup }) => !ends(action) || cgroup === "populated");
});

Deno.test("decide() never acts on a foreign cgroup, except to record a reboot", () => {
  assertAlways(
    (action, { cgroup, sameBoot }) => cgroup !== "foreign" || !sameBoot || !acts(action),
    LAUNCHED,
  );
});

Deno.test("decide() ends nothing after a reboot, it only records", () => {
  assertAlways((action, { sameBoot }) => sameBoot || action.do === "collect" || action.do === "leave");
});

Deno.test("decide() leaves a supervised job alone unless somebody asked, it hangs or its owner calls it finished", () => {
  assertAlways((action, { supervisor, endRequest, sameBoot, ...seen }, job) => {
    if (supervisor !== "alive" || endRequest !== null || !sameBoot || job === UNKILLABLE) return true;
    const hangs = {
      queued: false,
      starting: seen.supervisorAgeMs > LAUNCH_CAP_MS,
      running: job === BUSY && (seen.cpuTime?.usedUsec ?? 0) > 1e8 ||
        job === TIMED && seen.bootMs >= DEADLINE_MS + HANG_MARGIN_MS,
      ending: seen.bootMs >= ENDING_BOOT_MS + HANG_MARGIN_MS,
      ended: false,
    };
    const finished = job.phase.state === "running" && seen.finishedByOwner;
    return hangs[job.phase.state] || finished || !acts(action);
  });
});

Deno.test("decide() acts on the owner's word only while the job's own processes live", () => {
  assertAlways((action, { cgroup, leader, finishedByOwner }) =>
    !("reason" in action) || action.reason !== "finished-by-owner" ||
    (finishedByOwner && leader.alive && cgroup === "populated")
  );
});

Deno.test("decide() ends nobody because an adoption came to nothing", () => {
  assertAlways((action, { supervisor, endRequest }, job) =>
    job !== ADOPTING || supervisor === "self" || endRequest !== null || !ends(action)
  );
});

Deno.test("decide() keeps the reason of an ending", () => {
  assertAlways((action, _seen, { phase }) =>
    phase.state !== "ending" || !("reason" in action) || action.reason === phase.reason
  );
});

Deno.test("decide() does nothing to an ended job of which nothing is left", () => {
  assertAlways((action, { cgroup, sameBoot }, job) =>
    job !== ENDED || (cgroup !== "gone" && sameBoot) || action.do === "leave"
  );
});

Deno.test("decide() skips the grace only when told, or when somebody has begun it", () => {
  assertAlways((action, { endRequest }, { phase }) =>
    action.do !== "end" || !action.skipGrace || endRequest?.skipGrace === true || phase.state === "ending" ||
    phase.state === "ended"
  );
});

Deno.test("decide() gives an exit only when the observer saw it", () => {
  assertAlways((action, { leader }) =>
    !("exit" in action) || action.exit === null || (!leader.alive && leader.exit === action.exit)
  );
});

Deno.test("decide() calls a job unhealthy only when a check has failed while it ran", () => {
  assertAlways((action, { unhealthy, leader, supervisor }, job) =>
    !("reason" in action) || action.reason !== "unhealthy" ||
    (unhealthy !== null && leader.alive && supervisor !== "alive" && job.phase.state === "running")
  );
});
