import assert from "node:assert/strict";
import { firstState } from "../../../src/health/judge.ts";
import { healthEvents, healthOf, healthSigns, idleWords, unhealthyWords } from "../../../src/health/words.ts";
import { CHECKS, type HealthSpec, type HealthState, NO_FILE } from "../../../src/job/health.ts";
import { unhealthyCheck } from "../../../src/job/unhealthy_check.ts";
import { endedPhase, jobIn, runningJob, runOf } from "../../kit/fakes/job.ts";

const HOUR_MS = 3_600_000;
const NOW = { wallMs: 1_793_520_000_000, bootMs: 9 * HOUR_MS };
const SPEC: HealthSpec = {
  idle: { afterMs: 2 * HOUR_MS, action: "report" },
  heartbeat: { withinMs: HOUR_MS, firstWithinMs: HOUR_MS, file: "/h" },
  command: { command: "ask", everyMs: 60_000 },
  user: { uid: 1000, gid: 1000, home: "/home/alice" },
};
const SIGNS = { cpuUsageUsec: 0, ioOperations: 0, output: "", cpuWaitUsec: 0, stalledUsec: 0, beat: NO_FILE };
const WELL: HealthState = {
  ...firstState({ bootMs: NOW.bootMs, frozen: false, stuck: null, signs: SIGNS }),
  command: { strikes: 0, last: "well", words: "", atBootMs: NOW.bootMs },
};
const quiet = (ms: number): HealthState => ({
  ...WELL,
  idle: { isCounting: true, quietMs: ms, activeBootMs: NOW.bootMs - ms },
});
const running = (health: HealthState) => ({ ...jobIn(runningJob().phase, { health: SPEC }), health });

Deno.test("healthSigns() has each check of a running job, with verdict and words", () => {
  assert.deepEqual(healthSigns(running(WELL), NOW).map(({ check, verdict }) => [check, verdict]), [
    ["idle", "well"],
    ["heartbeat", "well"],
    ["health-command", "well"],
  ]);
  assert.deepEqual(healthSigns(runningJob(), NOW), []);
  assert.deepEqual(healthSigns({ ...running(WELL), phase: endedPhase() }, NOW), []);
});

Deno.test("healthOf() gives the worst of them", () => {
  const rows: [HealthState, string, string, RegExp][] = [
    [quiet(HOUR_MS / 2), "idle", "well", /^active$/],
    [quiet(HOUR_MS), "idle", "quiet", /^idle 1h/],
    [quiet(2 * HOUR_MS), "idle", "ill", /^idle 2h/],
    [{ ...WELL, frozen: true }, "idle", "unknown", /^frozen$/],
    [
      { ...WELL, stuck: { pid: 7, wchan: "rpc_wait", sinceBootMs: NOW.bootMs - HOUR_MS } },
      "idle",
      "unknown",
      /^stuck in IO: process 7, rpc_wait$/,
    ],
    [
      { ...WELL, heartbeat: { beats: 0, silentMs: HOUR_MS, beatBootMs: NOW.bootMs - HOUR_MS } },
      "heartbeat",
      "ill",
      /^no heartbeat yet, for 1h/,
    ],
    [
      { ...WELL, command: { strikes: 2, last: "ill", words: "no\u001b[31m", atBootMs: NOW.bootMs } },
      "health-command",
      "quiet",
      /^ill, 2 of 3: no\\x1b\[31m$/,
    ],
    [
      { ...WELL, command: { strikes: 0, last: "unknown", words: "exit 3", atBootMs: NOW.bootMs } },
      "health-command",
      "unknown",
      /^unknown: exit 3$/,
    ],
  ];
  for (const [state, check, verdict, text] of rows) {
    const health = healthOf(running(state), NOW)!;
    assert.deepEqual([health.check, health.verdict], [check, verdict], health.text);
    assert.match(health.text, text);
  }
  assert.equal(healthOf(runningJob(), NOW), null);
});

Deno.test("healthOf() counts from the wall clock of the moment", () => {
  assert.equal(healthOf(running(quiet(HOUR_MS)), NOW)!.sinceMs, NOW.wallMs - HOUR_MS);
});

Deno.test("idleWords() are there from half of the time on", () => {
  assert.equal(idleWords(running(quiet(HOUR_MS - 1)), NOW), null);
  assert.match(idleWords(running(quiet(HOUR_MS)), NOW)!, /^idle 1h/);
  assert.equal(idleWords(running({ ...quiet(HOUR_MS), frozen: true }), NOW), null);
});

Deno.test("healthEvents() tells half of the time, all of it, and the end of the quiet", () => {
  const kinds = (before: HealthState, after: HealthState, spec = SPEC) =>
    healthEvents(spec, before, after).map(({ kind, detail }) => [kind, detail["whole"] ?? detail["check"]]);
  assert.deepEqual(kinds(WELL, quiet(HOUR_MS / 2)), []);
  assert.deepEqual(kinds(quiet(HOUR_MS / 2), quiet(HOUR_MS)), [["idle", undefined]]);
  assert.deepEqual(kinds(quiet(HOUR_MS), quiet(HOUR_MS + 1)), []);
  assert.deepEqual(kinds(quiet(HOUR_MS), quiet(2 * HOUR_MS)), [["idle", true]]);
  assert.deepEqual(kinds(quiet(HOUR_MS), WELL), [["active", undefined]]);
  const kill: HealthSpec = { ...SPEC, idle: { afterMs: 2 * HOUR_MS, action: "kill" } };
  assert.deepEqual(kinds(quiet(HOUR_MS), quiet(2 * HOUR_MS), kill), [["idle", true], ["unhealthy", "idle"]]);
  const ill = (strikes: number): HealthState => ({ ...WELL, command: { ...WELL.command, strikes } });
  assert.deepEqual(kinds(ill(1), ill(2)), [["ill", undefined]]);
  assert.deepEqual(kinds(ill(2), ill(3)), [["ill", undefined], ["unhealthy", "health-command"]]);
});

Deno.test("unhealthyCheck() is that of a job that was ended for it, also when it could not be killed", () => {
  const health: HealthState = { ...WELL, heartbeat: { beats: 1, silentMs: HOUR_MS, beatBootMs: 0 } };
  const ended = {
    ...jobIn(endedPhase({ reason: "unhealthy", trigger: "unhealthy" }), { health: SPEC }),
    health,
  };
  assert.equal(unhealthyCheck(ended), "heartbeat");
  assert.equal(
    unhealthyCheck({ ...ended, phase: endedPhase({ reason: "unkillable", trigger: "unhealthy" }) }),
    "heartbeat",
  );
  assert.equal(unhealthyCheck({ ...ended, phase: endedPhase() }), null);
  const ending = {
    state: "ending",
    run: runOf(),
    reason: "unhealthy",
    endingAtMs: 1,
    endingBootMs: 2,
  } as const;
  assert.equal(unhealthyCheck({ ...ended, phase: ending }), "heartbeat");
});

Deno.test("unhealthyWords() name the time or the number of every check", () => {
  const words = Object.keys(CHECKS).map((check) => unhealthyWords(check as keyof typeof CHECKS, SPEC, WELL));
  assert.deepEqual(words, [
    "it used no CPU, did no IO and wrote no output for 2h",
    "its heartbeat file did not change for 1h",
    "its health command called it ill 3 times in a row",
  ]);
});
