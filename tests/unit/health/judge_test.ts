import assert from "node:assert/strict";
import fc from "fast-check";
import {
  afterAnswer,
  afterLook,
  firstState,
  type Look,
  lookEveryMs,
  LOOKS,
  START_MS,
} from "../../../src/health/judge.ts";
import {
  type HealthSpec,
  type HealthState,
  idleShare,
  NO_FILE,
  silentShare,
  STRIKES,
  unhealthyIn,
} from "../../../src/job/health.ts";

const USER = { uid: 1000, gid: 1000, home: "/home/alice" };
const HOUR_MS = 3_600_000;
const IDLE: HealthSpec = { idle: { afterMs: HOUR_MS, action: "kill" }, user: USER };
const HEARTBEAT: HealthSpec = {
  heartbeat: { withinMs: HOUR_MS, firstWithinMs: HOUR_MS, file: "/h" },
  user: USER,
};
const COMMAND: HealthSpec = { command: { command: "ask", everyMs: 60_000 }, user: USER };
const STEP_MS = 60_000;

/** What changes from one look to the next; `ms` of time pass. */
interface Step {
  ms?: number;
  cpuMs?: number;
  io?: number;
  output?: string;
  waitMs?: number;
  stalledMs?: number;
  beat?: string | null;
  frozen?: boolean;
  stuck?: boolean;
  unread?: boolean;
}

/** A job that is looked at once, does a second's work, and then what `steps` say. */
function judged(spec: HealthSpec, steps: readonly Step[]): HealthState {
  let look: Look = {
    bootMs: 1_000,
    frozen: false,
    stuck: null,
    signs: { cpuUsageUsec: 0, ioOperations: 0, output: "", cpuWaitUsec: 0, stalledUsec: 0, beat: NO_FILE },
  };
  let state = firstState(look);
  for (const step of [{ cpuMs: 1_000 }, ...steps] as Step[]) {
    const { signs } = look;
    look = {
      bootMs: look.bootMs + (step.ms ?? STEP_MS),
      frozen: step.frozen ?? false,
      stuck: step.stuck ? { pid: 7, wchan: "rpc_wait" } : null,
      signs: {
        cpuUsageUsec: signs.cpuUsageUsec! + (step.cpuMs ?? 0) * 1000,
        ioOperations: signs.ioOperations! + (step.io ?? 0),
        output: signs.output + (step.output ?? ""),
        cpuWaitUsec: signs.cpuWaitUsec! + (step.waitMs ?? 0) * 1000,
        stalledUsec: signs.stalledUsec! + (step.stalledMs ?? 0) * 1000,
        beat: step.beat === undefined ? signs.beat : step.beat,
      },
    };
    const seen = step.unread ? { ...look, signs: { ...look.signs, cpuUsageUsec: null } } : look;
    state = afterLook(spec, state, { look: seen, startedBootMs: 0 });
    if (look.signs.beat === null) look.signs.beat = signs.beat;
  }
  return state;
}

const times = (count: number, step: Step = {}): Step[] => Array.from({ length: count }, () => step);

const IDLE_ROWS: [what: string, steps: Step[], isIdle: boolean][] = [
  ["a job without a sign for all of the time is idle", times(61), true],
  ["one that is quiet for less is not", times(58), false],
  ["CPU below 1 % of a core is none", times(61, { cpuMs: 500 }), true],
  ["CPU of 1 % of a core is", times(90, { cpuMs: 600 }), false],
  ["a single busy interval begins the time anew", [...times(40), { cpuMs: 700 }, ...times(40)], false],
  ["IO is a sign", times(90, { io: 1 }), false],
  ["output in a loop is a sign", times(90, { output: "x" }), false],
  ["one that is throttled or starved wants to run", times(90, { waitMs: 30_000 }), false],
  ["a frozen one is not judged", times(90, { frozen: true }), false],
  ["a thaw begins the time anew", [...times(50), { frozen: true }, ...times(50)], false],
  ["one that sleeps in the kernel is not idle", times(90, { stuck: true }), false],
  [
    "a node that slept counts for a tenth of the time",
    [...times(30), { ms: 20 * HOUR_MS }, ...times(20)],
    false,
  ],
  ["what cannot be read is no silence", times(90, { unread: true }), false],
];

for (const [what, steps, isIdle] of IDLE_ROWS) {
  Deno.test(`afterLook() of --idle-after: ${what}`, () => {
    const state = judged(IDLE, steps);
    assert.equal(unhealthyIn(IDLE, state), isIdle ? "idle" : null, String(idleShare(IDLE, state)));
    assert.equal(unhealthyIn({ ...IDLE, idle: { afterMs: HOUR_MS, action: "report" } }, state), null);
  });
}

Deno.test("afterLook() counts from the first activity, or after ten minutes", () => {
  const state = (bootMs: number, cpuUsageUsec: number) => {
    const look: Look = {
      ...{ bootMs, frozen: false, stuck: null },
      signs: {
        cpuUsageUsec,
        ioOperations: null,
        output: null,
        cpuWaitUsec: null,
        stalledUsec: null,
        beat: null,
      },
    };
    return look;
  };
  let health = firstState(state(0, 0));
  for (let ms = STEP_MS; ms <= START_MS; ms += STEP_MS) {
    health = afterLook(IDLE, health, { look: state(ms, 0), startedBootMs: 0 });
    assert.equal(health.idle.quietMs, 0);
  }
  health = afterLook(IDLE, health, { look: state(START_MS + STEP_MS, 0), startedBootMs: 0 });
  assert.equal(health.idle.quietMs, STEP_MS);
});

const HEARTBEAT_ROWS: [what: string, steps: Step[], isSilent: boolean][] = [
  ["a job that never beats is silent", times(60), true],
  ["one that stops to beat is", [{ beat: "1" }, ...times(60)], true],
  ["one that beats is not", Array.from({ length: 200 }, (_, index) => ({ beat: String(index) })), false],
  ["the file that goes is no beat", [{ beat: "1" }, { beat: NO_FILE }, ...times(60)], true],
  ["CPU is no beat", times(60, { cpuMs: 60_000 }), true],
  ["a frozen one is not judged", times(200, { frozen: true }), false],
  ["one that could not run is not silent", times(200, { stalledMs: STEP_MS }), false],
  ["one that sleeps in the kernel is not judged", times(200, { stuck: true }), false],
  ["a file system that does not answer says nothing", times(200, { beat: null }), false],
  ["a node that slept counts for a tenth of the time", times(8, { ms: 20 * HOUR_MS }), false],
];

for (const [what, steps, isSilent] of HEARTBEAT_ROWS) {
  Deno.test(`afterLook() of --heartbeat: ${what}`, () => {
    const state = judged(HEARTBEAT, steps);
    const share = silentShare(HEARTBEAT, state);
    assert.equal(unhealthyIn(HEARTBEAT, state), isSilent ? "heartbeat" : null, String(share));
  });
}

Deno.test("afterLook() gives the first heartbeat a time of its own", () => {
  const spec: HealthSpec = {
    heartbeat: { withinMs: 10 * STEP_MS, firstWithinMs: 60 * STEP_MS, file: "/h" },
    user: USER,
  };
  assert.equal(unhealthyIn(spec, judged(spec, times(50))), null);
  assert.equal(unhealthyIn(spec, judged(spec, times(60))), "heartbeat");
  assert.equal(unhealthyIn(spec, judged(spec, [...times(50), { beat: "1" }, ...times(5)])), null);
  assert.equal(unhealthyIn(spec, judged(spec, [...times(50), { beat: "1" }, ...times(10)])), "heartbeat");
});

Deno.test("afterAnswer() ends a job for three times ill in a row, and for nothing else", () => {
  const answers = fc.array(fc.constantFrom("well", "ill", "unknown"), { maxLength: 12 });
  fc.assert(fc.property(answers, (given) => {
    let state = judged(COMMAND, []);
    for (const answer of given) state = afterAnswer(state, { answer, words: "", bootMs: 1 });
    const isIll = given.length >= STRIKES && given.slice(-STRIKES).every((answer) => answer === "ill");
    assert.equal(unhealthyIn(COMMAND, state), isIll ? "health-command" : null);
  }));
});

const STEP = fc.record<Step>({
  ms: fc.constantFrom(0, 1, 200, STEP_MS, HOUR_MS, 100 * HOUR_MS),
  cpuMs: fc.constantFrom(0, 0, 0, 1, 5_000),
  io: fc.constantFrom(0, 0, 0, 1),
  output: fc.constantFrom("", "", "", "x"),
  waitMs: fc.constantFrom(0, 0, 5_000),
  stalledMs: fc.constantFrom(0, 0, 5_000),
  beat: fc.constantFrom(undefined, undefined, null, NO_FILE, "1", "2"),
  frozen: fc.constantFrom(false, false, true),
  stuck: fc.constantFrom(false, false, true),
  unread: fc.constantFrom(false, false, true),
}, { requiredKeys: [] }) as fc.Arbitrary<Step>;

Deno.test("afterLook() needs its number of looks for a verdict, however long they are apart", () => {
  const both: HealthSpec = { ...IDLE, ...HEARTBEAT };
  fc.assert(fc.property(fc.array(STEP, { maxLength: LOOKS - 2 }), (steps) => {
    assert.equal(unhealthyIn(both, judged(both, steps)), null);
  }));
});

Deno.test("afterLook() never judges a job that is frozen at the look, or before and after it", () => {
  const both: HealthSpec = { ...IDLE, ...HEARTBEAT };
  fc.assert(fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
    assert.equal(unhealthyIn(both, judged(both, [...steps, { frozen: true }])), null);
    const thawed = judged(both, [...steps, { frozen: true }, {}]);
    assert.equal(thawed.idle.quietMs, 0);
  }));
});

Deno.test("afterLook() keeps the sums that it has: a clock that goes back makes none smaller, and none grow", () => {
  const state = judged(IDLE, times(10));
  const look: Look = { bootMs: 5, frozen: false, stuck: null, signs: state.signs };
  const { idle } = afterLook(IDLE, state, { look, startedBootMs: 0 });
  assert.equal(idle.quietMs, state.idle.quietMs);
});

Deno.test("lookEveryMs() fits more looks into the shortest time than a verdict needs, and no fewer than one a minute", () => {
  for (const afterMs of [3_000, 60_000, HOUR_MS, 100 * HOUR_MS]) {
    const everyMs = lookEveryMs({ ...IDLE, idle: { afterMs, action: "kill" } });
    assert.ok(everyMs * LOOKS <= afterMs && everyMs <= 60_000, String(everyMs));
  }
  assert.equal(lookEveryMs(COMMAND), 60_000);
});
