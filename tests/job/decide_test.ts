import assert from "node:assert/strict";
import { type Action, decide, type Observation } from "../../src/job/decide.ts";
import type { EndReason, Job } from "../../src/job/job.ts";
import { endedPhase, jobIn, runningJob, runOf } from "../fakes/job.ts";
import { seededRandom } from "./refusal.ts";

const DEADLINE_MS = 9_010_000;

/** The supervisor looks at its job, which runs undisturbed. */
function seen(changes: Partial<Observation> = {}): Observation {
  return {
    bootMs: 9_002_000,
    sameBoot: true,
    cgroup: "populated",
    supervisor: "self",
    leader: { alive: true },
    oomKills: 0,
    endRequest: null,
    onOrphan: "kill",
    ...changes,
  };
}

const exited = (code: number): Observation["leader"] => ({ alive: false, exit: { code, signal: null } });
const died = (signal: number): Observation["leader"] => ({ alive: false, exit: { code: null, signal } });
const UNSEEN: Observation["leader"] = { alive: false, exit: null };
const ASKED = { skipGrace: false };
const HURRIED = { skipGrace: true };

const STARTING = jobIn({ state: "starting" });
const RUNNING = runningJob();
const TIMED = runningJob({ deadlineBootMs: DEADLINE_MS });
const endingFor = (reason: EndReason) => jobIn({ state: "ending", run: runOf(), reason, endingAtMs: 1 });
const ENDING = endingFor("timeout");
const ENDED = jobIn(endedPhase());
const SURVIVOR = { pid: 4712, name: "nfs", state: "D", wchan: "rpc_wait", because: "waits" };
const UNKILLABLE = jobIn(endedPhase({ reason: "unkillable", trigger: "timeout", survivors: [SURVIVOR] }));

const end = (reason: EndReason, changes: Partial<Extract<Action, { do: "end" }>> = {}): Action => ({
  do: "end",
  reason,
  exit: null,
  skipGrace: false,
  ...changes,
});
const collect = (reason: EndReason, code: number | null = null): Action => ({
  do: "collect",
  reason,
  exit: code === null ? null : { code, signal: null },
});
const wait = (untilBootMs: number | null): Action => ({ do: "wait", untilBootMs });
const LEAVE: Action = { do: "leave" };
const REPORT: Action = { do: "report", finding: "foreign-cgroup" };

type Row = readonly [what: string, job: Job, observation: Observation, expected: Action];

const TABLE: readonly Row[] = [
  // starting
  ["its supervisor goes on launching", STARTING, seen(), wait(null)],
  [
    "a signal during the launch ends what is there",
    STARTING,
    seen({ endRequest: ASKED }),
    end("killed"),
  ],
  [
    "a signal before the cgroup is there is only recorded",
    STARTING,
    seen({ endRequest: ASKED, cgroup: "gone" }),
    collect("killed"),
  ],
  [
    "its process left before it was let go",
    STARTING,
    seen({ leader: exited(125), cgroup: "empty" }),
    collect("failed-to-start", 125),
  ],
  ["somebody else's launch is left alone", STARTING, seen({ supervisor: "alive" }), LEAVE],
  [
    "somebody else's launch is left alone even when a kill was asked for",
    STARTING,
    seen({ supervisor: "alive", endRequest: ASKED }),
    LEAVE,
  ],
  [
    "a launch cut short with processes is an orphan",
    STARTING,
    seen({ supervisor: "gone", leader: UNSEEN }),
    end("orphaned"),
  ],
  [
    "a launch cut short without processes failed",
    STARTING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "empty" }),
    collect("failed-to-start"),
  ],
  [
    "a launch cut short without a cgroup failed",
    STARTING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "gone" }),
    collect("failed-to-start"),
  ],
  // running, seen by its supervisor
  ["without a deadline the supervisor waits for ever", RUNNING, seen(), wait(null)],
  ["with a deadline it waits until then", TIMED, seen(), wait(DEADLINE_MS)],
  ["just before the deadline it waits", TIMED, seen({ bootMs: DEADLINE_MS - 1 }), wait(DEADLINE_MS)],
  ["at the deadline it ends", TIMED, seen({ bootMs: DEADLINE_MS }), end("timeout")],
  [
    "a deadline passed in an empty cgroup is only recorded",
    TIMED,
    seen({ bootMs: DEADLINE_MS, cgroup: "empty" }),
    collect("timeout"),
  ],
  ["a request ends with the grace", RUNNING, seen({ endRequest: ASKED }), end("killed")],
  [
    "a hurried request skips the grace",
    RUNNING,
    seen({ endRequest: HURRIED }),
    end("killed", { skipGrace: true }),
  ],
  [
    "the command exited and left nothing",
    RUNNING,
    seen({ leader: exited(7), cgroup: "empty" }),
    collect("exited", 7),
  ],
  [
    "the command exited and left processes",
    RUNNING,
    seen({ leader: exited(7) }),
    end("exited", { exit: { code: 7, signal: null } }),
  ],
  [
    "the command died of a signal",
    RUNNING,
    seen({ leader: died(11) }),
    end("signaled", { exit: { code: null, signal: 11 } }),
  ],
  [
    "KILL with an OOM kill in the job is oom",
    RUNNING,
    seen({ leader: died(9), oomKills: 2 }),
    end("oom", { exit: { code: null, signal: 9 } }),
  ],
  [
    "137, a shell's word for KILL, with an OOM kill is oom",
    RUNNING,
    seen({ leader: exited(137), oomKills: 1, cgroup: "empty" }),
    collect("oom", 137),
  ],
  [
    "KILL without an OOM kill is a signal",
    RUNNING,
    seen({ leader: died(9) }),
    end("signaled", { exit: { code: null, signal: 9 } }),
  ],
  [
    "a command that outlived an OOM kill of its child exited",
    RUNNING,
    seen({ leader: exited(1), oomKills: 1, cgroup: "empty" }),
    collect("exited", 1),
  ],
  [
    "another signal after an OOM kill is that signal",
    RUNNING,
    seen({ leader: died(15), oomKills: 1 }),
    end("signaled", { exit: { code: null, signal: 15 } }),
  ],
  ["a cgroup that vanished is lost", RUNNING, seen({ cgroup: "gone" }), collect("lost")],
  ["a foreign cgroup is reported", RUNNING, seen({ cgroup: "foreign" }), REPORT],
  [
    "a foreign cgroup is reported even when overdue and asked for",
    TIMED,
    seen({ cgroup: "foreign", bootMs: DEADLINE_MS, endRequest: HURRIED }),
    REPORT,
  ],
  // running, seen by others
  ["a supervised job is left alone", RUNNING, seen({ supervisor: "alive" }), LEAVE],
  [
    "a supervised job that has just exited is its supervisor's to record",
    RUNNING,
    seen({ supervisor: "alive", leader: UNSEEN, cgroup: "empty" }),
    LEAVE,
  ],
  [
    "a supervised job whose cgroup has just gone is its supervisor's to record",
    RUNNING,
    seen({ supervisor: "alive", leader: UNSEEN, cgroup: "gone" }),
    LEAVE,
  ],
  [
    "a supervised job is ended on request",
    RUNNING,
    seen({ supervisor: "alive", endRequest: ASKED }),
    end("killed"),
  ],
  [
    "an overdue job is ended although its supervisor seems to live",
    TIMED,
    seen({ supervisor: "alive", bootMs: DEADLINE_MS }),
    end("timeout"),
  ],
  ["an orphan is ended", RUNNING, seen({ supervisor: "gone" }), end("orphaned")],
  [
    "an orphan that may live on is left until its deadline",
    TIMED,
    seen({ supervisor: "gone", onOrphan: "keep" }),
    wait(DEADLINE_MS),
  ],
  [
    "an overdue orphan has timed out",
    TIMED,
    seen({ supervisor: "gone", bootMs: DEADLINE_MS + 5 }),
    end("timeout"),
  ],
  [
    "an orphan whose command has left exited, how nobody knows",
    RUNNING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "empty" }),
    collect("exited"),
  ],
  [
    "an orphan whose command was killed for memory is oom",
    RUNNING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "empty", oomKills: 1 }),
    collect("oom"),
  ],
  [
    "an orphan of which nothing is left is lost",
    RUNNING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "gone" }),
    collect("lost"),
  ],
  // ending
  ["an ending in progress is left to who does it", ENDING, seen({ supervisor: "alive" }), LEAVE],
  [
    "an ending in progress is recorded by who does it",
    ENDING,
    seen({ supervisor: "alive", cgroup: "empty", leader: UNSEEN }),
    LEAVE,
  ],
  [
    "a kill joins an ending in progress, for its reason",
    ENDING,
    seen({ supervisor: "alive", endRequest: ASKED }),
    end("timeout"),
  ],
  [
    "an ending cut short is taken up without a second grace",
    ENDING,
    seen({ supervisor: "gone" }),
    end("timeout", { skipGrace: true }),
  ],
  [
    "an ending whose processes are gone is recorded",
    ENDING,
    seen({ supervisor: "gone", cgroup: "empty", leader: UNSEEN }),
    collect("timeout"),
  ],
  ["an ending in a foreign cgroup is reported", ENDING, seen({ cgroup: "foreign" }), REPORT],
  // ended
  ["an ended job is left", ENDED, seen({ supervisor: "gone", cgroup: "gone", leader: UNSEEN }), LEAVE],
  ["an ended job is left whatever lies at its path", ENDED, seen({ endRequest: ASKED }), LEAVE],
  [
    "an unkillable job is tried again",
    UNKILLABLE,
    seen({ supervisor: "gone", leader: UNSEEN }),
    end("unkillable", { skipGrace: true }),
  ],
  [
    "an unkillable job that let go at last is collected",
    UNKILLABLE,
    seen({ supervisor: "gone", cgroup: "empty" }),
    collect("unkillable"),
  ],
  ["an unkillable job's foreign cgroup is reported", UNKILLABLE, seen({ cgroup: "foreign" }), REPORT],
  // another boot
  ["a running job of an earlier boot is lost", RUNNING, seen({ sameBoot: false }), collect("lost")],
  [
    "a starting job of an earlier boot is lost",
    STARTING,
    seen({ sameBoot: false, cgroup: "gone" }),
    collect("lost"),
  ],
  [
    "an ending of an earlier boot keeps its reason",
    ENDING,
    seen({ sameBoot: false, endRequest: HURRIED }),
    collect("timeout"),
  ],
  [
    "an unkillable job of an earlier boot is collected",
    UNKILLABLE,
    seen({ sameBoot: false, cgroup: "foreign" }),
    collect("unkillable"),
  ],
];

for (const [what, job, observation, expected] of TABLE) {
  Deno.test(`decide() ${job.phase.state}: ${what}`, () => {
    assert.deepEqual(decide(job, observation), expected);
  });
}

const JOBS = [STARTING, RUNNING, TIMED, ENDING, endingFor("killed"), ENDED, UNKILLABLE];

/** Every combination that can be seen, not only the likely ones, each with each job. */
function* everything(): Generator<readonly [Job, Observation]> {
  const random = seededRandom(40_713);
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  for (let round = 0; round < 20_000; round++) {
    const observation = seen({
      bootMs: DEADLINE_MS + pick(-5_000, -1, 0, 1, 50_000),
      sameBoot: pick(true, true, false),
      cgroup: pick("populated", "empty", "gone", "foreign"),
      supervisor: pick("self", "alive", "gone"),
      leader: pick({ alive: true }, UNSEEN, exited(0), exited(137), died(9), died(15)),
      oomKills: pick(0, 1),
      endRequest: pick(null, ASKED, HURRIED),
      onOrphan: pick("kill", "keep"),
    });
    yield [pick(...JOBS), observation];
  }
}

function assertAlways(holds: (action: Action, seen: Observation, job: Job) => boolean): void {
  for (const [job, observation] of everything()) {
    const action = decide(job, observation);
    assert.ok(holds(action, observation, job), JSON.stringify({ phase: job.phase, observation, action }));
  }
}

const acts = (action: Action) => action.do === "end" || action.do === "collect";

Deno.test("decide() ends nothing but a populated cgroup", () => {
  assertAlways((action, { cgroup }) => action.do !== "end" || cgroup === "populated");
});

Deno.test("decide() never acts on a foreign cgroup, except to record a reboot", () => {
  assertAlways((action, { cgroup, sameBoot }) => cgroup !== "foreign" || !sameBoot || !acts(action));
});

Deno.test("decide() ends nothing after a reboot, it only records", () => {
  assertAlways((action, { sameBoot }) => sameBoot || action.do === "collect" || action.do === "leave");
});

Deno.test("decide() leaves a supervised job alone unless somebody asked or it is overdue", () => {
  assertAlways((action, { supervisor, endRequest, sameBoot, bootMs }, job) => {
    const overdue = job === TIMED && bootMs >= DEADLINE_MS;
    const retried = job === UNKILLABLE;
    return supervisor !== "alive" || endRequest !== null || !sameBoot || overdue || retried || !acts(action);
  });
});

Deno.test("decide() keeps the reason of an ending", () => {
  assertAlways((action, _seen, { phase }) =>
    phase.state !== "ending" || !("reason" in action) || action.reason === phase.reason
  );
});

Deno.test("decide() does nothing to an ended job of which nothing was left", () => {
  assertAlways((action, _seen, job) => job !== ENDED || action.do === "leave");
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
