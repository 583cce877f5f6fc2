import assert from "node:assert/strict";
import { type Action, decide, HANG_MARGIN_MS, LAUNCH_CAP_MS } from "../../../src/job/decide.ts";
import type { Observation } from "../../../src/job/observation.ts";
import type { EndReason, Job } from "../../../src/job/job.ts";
import { endedPhase, jobIn, runOf } from "../../kit/fakes/job.ts";
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
const finish = (reason: EndReason, graceLeftMs: number): Action => ({
  do: "finish",
  reason,
  exit: null,
  graceLeftMs,
});
const wait = (untilBootMs: number | null): Action => ({ do: "wait", untilBootMs });
/** From here on a supervisor that has not acted at the deadline hangs. */
const HUNG_MS = DEADLINE_MS + TIMED.spec.graceMs + HANG_MARGIN_MS;
const LEAVE: Action = { do: "leave" };
const RELEASE: Action = { do: "release", reason: "failed-to-start" };
const REPORT: Action = { do: "report", finding: "foreign-cgroup" };

/** May use 10 s of CPU time. */
const NOW_MS = seen().bootMs;
const BUSY = jobIn({ state: "running", run: runOf() }, { cpuTimeMs: 10_000 });
const BUSY_TIMED = jobIn({ state: "running", run: runOf({ deadlineBootMs: DEADLINE_MS }) }, {
  cpuTimeMs: 10_000,
});
/** It has used so much, with two cores. */
const used = (ms: number, changes: Partial<Observation> = {}) =>
  seen({ cpuTime: { usedUsec: ms * 1000, cores: 2 }, ...changes });

const ADOPTING = jobIn({ state: "starting" }, { adopted: true });

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
    "a launch that takes its time is left alone",
    STARTING,
    seen({ supervisor: "alive", supervisorAgeMs: LAUNCH_CAP_MS }),
    LEAVE,
  ],
  [
    "a launch that takes longer than any can is ended",
    STARTING,
    seen({ supervisor: "alive", supervisorAgeMs: LAUNCH_CAP_MS + 1 }),
    end("failed-to-start"),
  ],
  [
    "a launch that takes longer than any can and has no cgroup is recorded",
    STARTING,
    seen({ supervisor: "alive", supervisorAgeMs: LAUNCH_CAP_MS + 1, cgroup: "gone" }),
    collect("failed-to-start"),
  ],
  [
    "an adoption cut short ends nobody",
    ADOPTING,
    seen({ supervisor: "gone" }),
    RELEASE,
  ],
  [
    "an adoption that takes longer than any can ends nobody",
    ADOPTING,
    seen({ supervisor: "alive", supervisorAgeMs: LAUNCH_CAP_MS + 1 }),
    RELEASE,
  ],
  ["somebody else's adoption is left alone", ADOPTING, seen({ supervisor: "alive" }), LEAVE],
  [
    "an adoption cut short is ended when somebody asks for it",
    ADOPTING,
    seen({ supervisor: "gone", endRequest: ASKED }),
    end("orphaned"),
  ],
  [
    "an adoption cut short that has left nothing failed",
    ADOPTING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "empty" }),
    collect("failed-to-start"),
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
  [
    "with a limit of CPU time it looks when that can be up at the earliest",
    BUSY,
    used(0),
    wait(NOW_MS + 5_000),
  ],
  ["a job that needs as long as it has cores is looked at again", BUSY, used(8_000), wait(NOW_MS + 1_000)],
  ["close to its limit it is looked at no more often than needed", BUSY, used(9_999), wait(NOW_MS + 100)],
  ["with the limit of CPU time used up it ends", BUSY, used(10_000), end("cpu-time")],
  ["without the figure the limit of CPU time is no reason", BUSY, seen(), wait(null)],
  [
    "the deadline may come before CPU time can be up",
    BUSY_TIMED,
    used(0, { bootMs: DEADLINE_MS - 1_000 }),
    wait(DEADLINE_MS),
  ],
  ["and CPU time before the deadline", BUSY_TIMED, used(9_000), wait(NOW_MS + 500)],
  [
    "of two limits that are reached the earlier one counts",
    BUSY_TIMED,
    used(12_000, { bootMs: DEADLINE_MS }),
    end("cpu-time"),
  ],
  [
    "a command that ends by itself with its CPU time used up has ended by itself",
    BUSY,
    used(10_000, { leader: died(15), cgroup: "empty" }),
    { do: "collect", reason: "signaled", exit: { code: null, signal: 15 } },
  ],
  ["CPU time is its supervisor's to watch", BUSY, used(10_000, { supervisor: "alive" }), LEAVE],
  [
    "a supervisor that has not acted for longer than an ending takes hangs, whatever the limit",
    BUSY,
    used(10_000 + 2 * (BUSY.spec.graceMs + HANG_MARGIN_MS), { supervisor: "alive" }),
    end("cpu-time"),
  ],
  [
    "an orphan that is kept has its limit of CPU time still",
    BUSY,
    used(10_000, { supervisor: "gone", onOrphan: "keep" }),
    end("cpu-time"),
  ],
  [
    "the guard killed a job whose CPU time was up",
    BUSY,
    used(10_000, { supervisor: "gone", leader: UNSEEN, cgroup: "empty", killedByGuard: true }),
    collect("cpu-time"),
  ],
  ["a job whose check has failed ends", RUNNING, seen({ unhealthy: "heartbeat" }), end("unhealthy")],
  [
    "one that was overdue before is overdue",
    TIMED,
    seen({ bootMs: DEADLINE_MS, unhealthy: "idle" }),
    end("timeout"),
  ],
  [
    "one that has ended by itself by then has ended well",
    RUNNING,
    seen({ unhealthy: "heartbeat", leader: exited(0), cgroup: "empty" }),
    { do: "collect", reason: "exited", exit: { code: 0, signal: null } },
  ],
  [
    "one that was asked to end was asked",
    RUNNING,
    seen({ unhealthy: "health-command", endRequest: ASKED }),
    end("killed"),
  ],
  [
    "its health is its supervisor's to watch",
    RUNNING,
    seen({ unhealthy: "idle", supervisor: "alive" }),
    LEAVE,
  ],
  [
    "an orphan that is kept is judged still",
    RUNNING,
    seen({ unhealthy: "heartbeat", supervisor: "gone", onOrphan: "keep" }),
    end("unhealthy"),
  ],
  ["at the deadline it ends", TIMED, seen({ bootMs: DEADLINE_MS }), end("timeout")],
  [
    "a deadline passed in an empty cgroup is only recorded",
    TIMED,
    seen({ bootMs: DEADLINE_MS, cgroup: "empty" }),
    collect("timeout"),
  ],
  [
    "a command that exited just before the request was not ended by it",
    RUNNING,
    seen({ leader: exited(0), endRequest: ASKED }),
    end("exited", { exit: { code: 0, signal: null } }),
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
  [
    "KILL past the deadline is the time-out, whoever sent it first",
    TIMED,
    seen({ leader: died(9), bootMs: DEADLINE_MS, cgroup: "empty" }),
    { do: "collect", reason: "timeout", exit: { code: null, signal: 9 } },
  ],
  [
    "TERM past the deadline is the time-out, and what is left is ended",
    TIMED,
    seen({ leader: died(15), bootMs: DEADLINE_MS }),
    end("timeout", { exit: { code: null, signal: 15 } }),
  ],
  [
    "KILL before the deadline is a signal",
    TIMED,
    seen({ leader: died(9), bootMs: DEADLINE_MS - 1 }),
    end("signaled", { exit: { code: null, signal: 9 } }),
  ],
  [
    "a signal that no time-out sends is that signal past the deadline too",
    TIMED,
    seen({ leader: died(11), bootMs: DEADLINE_MS }),
    end("signaled", { exit: { code: null, signal: 11 } }),
  ],
  [
    "KILL with an OOM kill is oom past the deadline too",
    TIMED,
    seen({ leader: died(9), bootMs: DEADLINE_MS, oomKills: 1 }),
    end("oom", { exit: { code: null, signal: 9 } }),
  ],
  [
    "what exits by itself past the deadline has exited",
    TIMED,
    seen({ leader: exited(0), bootMs: DEADLINE_MS, cgroup: "empty" }),
    collect("exited", 0),
  ],
  ["a cgroup that vanished is lost", RUNNING, seen({ cgroup: "gone" }), collect("lost")],
  ["a foreign cgroup is reported", RUNNING, seen({ cgroup: "foreign" }), REPORT],
  [
    "a foreign cgroup is reported even when overdue and asked for",
    TIMED,
    seen({ cgroup: "foreign", bootMs: DEADLINE_MS, endRequest: HURRIED }),
    REPORT,
  ],
  ["its caller is gone", RUNNING, seen({ callerGone: true }), end("orphaned")],
  [
    "its caller is gone, and the command has exited",
    RUNNING,
    seen({ callerGone: true, leader: exited(0), cgroup: "empty" }),
    collect("exited", 0),
  ],
  [
    "its caller is gone at the deadline",
    TIMED,
    seen({ callerGone: true, bootMs: DEADLINE_MS }),
    end("timeout"),
  ],
  [
    "its caller is gone, and so is its cgroup",
    RUNNING,
    seen({ callerGone: true, cgroup: "gone" }),
    collect("lost"),
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
    "a deadline that has just passed is the living supervisor's to act upon",
    TIMED,
    seen({ supervisor: "alive", bootMs: HUNG_MS - 1 }),
    LEAVE,
  ],
  [
    "an overdue job is ended although its supervisor seems to live",
    TIMED,
    seen({ supervisor: "alive", bootMs: HUNG_MS }),
    end("timeout"),
  ],
  [
    "a job that its owner calls finished is ended although it is supervised",
    RUNNING,
    seen({ supervisor: "alive", finishedByOwner: true }),
    end("finished-by-owner"),
  ],
  [
    "an orphan that its owner calls finished is ended for that",
    RUNNING,
    seen({ supervisor: "gone", onOrphan: "keep", finishedByOwner: true }),
    end("finished-by-owner"),
  ],
  [
    "a finished job that is on its way out is its supervisor's to record",
    RUNNING,
    seen({ supervisor: "alive", finishedByOwner: true, leader: UNSEEN }),
    LEAVE,
  ],
  [
    "a finished job that is overdue timed out",
    TIMED,
    seen({ supervisor: "gone", finishedByOwner: true, bootMs: DEADLINE_MS }),
    end("timeout"),
  ],
  [
    "a finished job without processes is only recorded, as what it did",
    RUNNING,
    seen({ supervisor: "gone", finishedByOwner: true, leader: UNSEEN, cgroup: "empty" }),
    collect("exited"),
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
    "what ended with the job in which it was started is an orphan, not lost, and not ended by itself",
    RUNNING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "gone", outerEnded: true }),
    collect("orphaned"),
  ],
  [
    "what the outer job's end has emptied is an orphan too",
    RUNNING,
    seen({ supervisor: "gone", leader: UNSEEN, cgroup: "empty", outerEnded: true }),
    collect("orphaned"),
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
    "an ending cut short is taken up for what is left of its grace",
    ENDING,
    seen({ supervisor: "gone", bootMs: ENDING_BOOT_MS + 500 }),
    finish("timeout", ENDING.spec.graceMs - 500),
  ],
  [
    "an ending cut short has no second grace",
    ENDING,
    seen({ supervisor: "gone", bootMs: ENDING_BOOT_MS + 60_000 }),
    finish("timeout", 0),
  ],
  [
    "an ending of which nobody knows when it began has no grace left",
    endingFor("killed", null),
    seen({ supervisor: "gone" }),
    finish("killed", 0),
  ],
  [
    "an ending that takes longer than any can is taken over from a supervisor that seems to live",
    ENDING,
    seen({ supervisor: "alive", bootMs: ENDING_BOOT_MS + ENDING.spec.graceMs + HANG_MARGIN_MS }),
    finish("timeout", 0),
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
  [
    "an ended job whose supervisor is removing its cgroup is left to it",
    ENDED,
    seen({ supervisor: "alive", cgroup: "empty", leader: UNSEEN }),
    LEAVE,
  ],
  [
    "the cgroup that an ended job has left is removed",
    ENDED,
    seen({ supervisor: "gone", cgroup: "empty", leader: UNSEEN }),
    collect("exited"),
  ],
  [
    "processes in the cgroup of an ended job are ended",
    ENDED,
    seen({ supervisor: "gone", leader: UNSEEN, endRequest: ASKED }),
    end("exited", { skipGrace: true }),
  ],
  [
    "a cgroup with processes that is an ended job's by nothing but its name is left",
    jobIn(endedPhase({ run: null })),
    seen({ supervisor: "gone", leader: UNSEEN }),
    LEAVE,
  ],
  [
    "an ended job's foreign cgroup is reported",
    ENDED,
    seen({ supervisor: "gone", cgroup: "foreign" }),
    REPORT,
  ],
  [
    "an ended job of an earlier boot is left whatever lies at its path",
    ENDED,
    seen({ supervisor: "gone", sameBoot: false, cgroup: "foreign" }),
    LEAVE,
  ],
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
