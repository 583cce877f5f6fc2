import assert from "node:assert/strict";
import { END_REASONS, type EndReason, type Exit } from "../../../src/job/job.ts";
import {
  endLine,
  isPlainSuccess,
  leftBehind,
  type Outcome,
  recordedExitCode,
  refusedForks,
  runExitCode,
} from "../../../src/job/outcome.ts";
import { NO_LIMITS } from "../../../src/job/limits.ts";
import { JOB_ID, USAGE } from "../../kit/fakes/job.ts";

const UNKNOWN: Exit = { code: null, signal: null };
const code = (number: number): Exit => ({ code: number, signal: null });
const signal = (number: number): Exit => ({ code: null, signal: number });
const outcome = (reason: EndReason, exit: Exit): Outcome => ({
  reason,
  exit,
  usage: USAGE,
  survivors: [],
});

Deno.test("runExitCode() passes on every exit code and 128+N for a signal", () => {
  for (const number of [0, 1, 2, 75, 124, 125, 126, 127, 128, 137, 255]) {
    assert.equal(runExitCode(outcome("exited", code(number)), null), number);
  }
  for (const number of [1, 9, 15, 34, 64]) {
    assert.equal(runExitCode(outcome("signaled", signal(number)), null), 128 + number);
  }
});

Deno.test("runExitCode() follows the table of exit codes for every reason", () => {
  const rows: readonly (readonly [EndReason, Exit, stopSignal: number | null, expected: number])[] = [
    ["timeout", signal(15), null, 124],
    ["timeout", code(0), null, 124],
    ["timeout", signal(9), 15, 124],
    ["cpu-time", signal(15), null, 124],
    ["cpu-time", code(0), null, 124],
    ["unhealthy", signal(15), null, 124],
    ["unhealthy", UNKNOWN, null, 124],
    ["oom", signal(9), null, 137],
    ["oom", UNKNOWN, null, 137],
    ["oom", code(137), null, 137],
    ["killed", signal(15), null, 143],
    ["killed", code(3), null, 3],
    ["killed", code(3), 2, 130],
    ["killed", UNKNOWN, 1, 129],
    ["killed", UNKNOWN, null, 137],
    ["orphaned", signal(15), null, 143],
    ["finished-by-owner", signal(9), null, 137],
    ["exited", code(5), 15, 5],
    ["lost", code(0), null, 125],
    ["failed-to-start", code(0), null, 125],
    ["failed-to-start", UNKNOWN, null, 125],
    ["failed-to-start", code(127), null, 127],
    ["unkillable", code(0), null, 125],
    ["unkillable", UNKNOWN, 15, 125],
  ];
  for (const [reason, exit, stopSignal, expected] of rows) {
    assert.equal(runExitCode(outcome(reason, exit), stopSignal), expected, `${reason} ${stopSignal}`);
  }
  assert.deepEqual(
    Object.keys(END_REASONS).filter((reason) =>
      reason !== "signaled" && !rows.some(([row]) => row === reason)
    ),
    [],
  );
});

Deno.test("isPlainSuccess() holds for exit 0 by itself and for nothing else", () => {
  assert.ok(isPlainSuccess(outcome("exited", code(0))));
  assert.ok(!isPlainSuccess(outcome("exited", code(1))));
  assert.ok(!isPlainSuccess(outcome("exited", UNKNOWN)));
  assert.ok(!isPlainSuccess(outcome("timeout", code(0))));
});

Deno.test("endLine() tells reason, time, exit and usage on one line", () => {
  assert.equal(
    endLine(JOB_ID, outcome("timeout", signal(9))),
    "job 7k2m9q ended: timeout after 1m01s (died of KILL, cpu 2m, memory peak 25.0G)",
  );
});

Deno.test("endLine() shows what nobody knows as a dash, never as 0", () => {
  assert.equal(
    endLine(JOB_ID, { reason: "lost", exit: UNKNOWN, usage: null, survivors: [] }),
    "job 7k2m9q ended: lost after - (exit unknown, cpu -, memory peak -)",
  );
});

Deno.test("endLine() has no figures of a job that was ended in the queue", () => {
  const ended = { reason: "killed", exit: UNKNOWN, usage: null, survivors: [], run: null } as const;
  assert.equal(endLine(JOB_ID, ended), "job 7k2m9q ended: killed, before it had begun");
  assert.match(endLine(JOB_ID, { ...ended, reason: "failed-to-start" }), /failed-to-start after - /);
});

Deno.test("endLine() tells how many processes are left and where to look", () => {
  const left = { ...outcome("unkillable", code(3)), survivors: { length: 2 } };
  assert.match(endLine(JOB_ID, left), /\(exit 3, .*\); 2 processes are still alive: corral show 7k2m9q$/);
});

Deno.test("endLine() of an oom names the limit that the job reached, or that it was not its own", () => {
  const limits = { ...NO_LIMITS, memoryMaxBytes: 2 ** 26 };
  const ended = (memoryOomEvents: number | null) =>
    endLine(JOB_ID, { ...outcome("oom", signal(9)), usage: { ...USAGE, memoryOomEvents } }, limits);
  assert.match(ended(1), /memory peak 25.*, reached its own limit of 64(\.0)?M\)$/);
  assert.match(ended(0), /, its own limit was not reached: /);
  assert.doesNotMatch(ended(null), /limit/);
  assert.doesNotMatch(endLine(JOB_ID, outcome("signaled", signal(9)), limits), /limit/);
});

Deno.test("refusedForks() names the limit that refused them", () => {
  const refused = (pidsMaxEvents: number | null, pidsPeak: number | null, pidsMax: number | null) =>
    refusedForks({ ...USAGE, pidsMaxEvents, pidsPeak }, { ...NO_LIMITS, pidsMax });
  assert.equal(refused(3, 5, 5), "3 forks were refused at its limit of 5 processes (--pids)");
  assert.equal(refused(1, null, 5), "1 fork was refused at its limit of 5 processes (--pids)");
  assert.match(refused(1, 4, 5)!, /a limit of processes that is not its own$/);
  assert.match(refused(2, 4, null)!, /not its own$/);
  assert.equal(refused(0, 5, 5), "reached its limit of 5 processes (--pids): a fork beyond it is refused");
  assert.equal(refused(0, 4, 5) ?? refused(0, 5, null) ?? refused(null, null, 5), null);
});

Deno.test("leftBehind() counts what the first process left when it ended by itself", () => {
  const step = (kind: string, detail: Record<string, unknown>) => ({ atMs: 0, actor: "run", kind, detail });
  const signalled = (sent: number, refused = 0) => [step("freeze", {}), step("signal", { sent, refused })];
  assert.equal(
    leftBehind({ trigger: "exited", steps: signalled(6) }),
    "6 processes were left behind and ended",
  );
  assert.equal(
    leftBehind({ trigger: "signaled", steps: signalled(0, 1) }),
    "1 process was left behind and ended",
  );
  for (const trigger of ["timeout", "killed", "oom"] as const) {
    assert.equal(leftBehind({ trigger, steps: signalled(6) }), null);
  }
  assert.equal(
    leftBehind({ trigger: "exited", steps: signalled(0) }) ?? leftBehind({ trigger: "exited", steps: [] }),
    null,
  );
});

Deno.test("recordedExitCode() is what corral run returned, as far as the record tells", () => {
  const rows: readonly (readonly [EndReason, Exit, adopted: boolean, expected: number])[] = [
    ["exited", code(3), false, 3],
    ["signaled", signal(15), false, 143],
    ["timeout", signal(15), false, 124],
    ["failed-to-start", code(127), false, 127],
    ["failed-to-start", UNKNOWN, false, 125],
    ["orphaned", UNKNOWN, false, 137],
    ["lost", UNKNOWN, false, 125],
    ["exited", UNKNOWN, false, 125],
    ["exited", UNKNOWN, true, 0],
    ["killed", UNKNOWN, true, 137],
  ];
  for (const [reason, exit, adopted, expected] of rows) {
    assert.equal(recordedExitCode(outcome(reason, exit), { adopted }), expected, `${reason} ${adopted}`);
  }
});
