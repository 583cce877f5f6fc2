import assert from "node:assert/strict";
import { actJson, actLine, findingLine, planRow } from "../../../src/view/sweep.ts";
import type { SweepAct } from "../../../src/act/sweep/sweep.ts";
import { JOB_ID, runningJob } from "../../kit/fakes/job.ts";

function act(changes: Partial<SweepAct> = {}): SweepAct {
  const job = runningJob();
  job.spec.ref = "task\x1b81";
  return {
    job,
    action: "end",
    reason: "orphaned",
    outcome: "ended",
    survivors: 0,
    message: null,
    ...changes,
  };
}

Deno.test("actLine() tells in one line what became of the job, with its name and ref made harmless", () => {
  const who = "(fastsurfer, ref task\\x1b81)";
  const line = (changes: Partial<SweepAct>) => actLine(act(changes), false);
  assert.equal(line({}), `${JOB_ID} ended: orphaned ${who}`);
  assert.equal(line({ action: "finish", reason: "timeout" }), `${JOB_ID} ended: timeout ${who}`);
  assert.equal(line({ action: "collect", reason: "lost" }), `${JOB_ID} collected: lost ${who}`);
  assert.equal(
    line({ action: "release", reason: "failed-to-start" }),
    `${JOB_ID} let go of what a broken-off adoption had moved: failed-to-start ${who}`,
  );
  assert.equal(line({ outcome: "grace" }), `${JOB_ID} told to end: orphaned; its grace goes on ${who}`);
  assert.equal(
    line({ outcome: "alive", survivors: 2 }),
    `${JOB_ID} not ended: 2 processes are still alive: corral show ${JOB_ID} ${who}`,
  );
  assert.equal(line({ outcome: "failed", message: "no\nway" }), `${JOB_ID} not ended: no\\nway ${who}`);
});

Deno.test("actLine() and findingLine() put severities before lines for the journal", () => {
  assert.match(actLine(act(), true), /^<5>7k2m9q ended/);
  assert.match(actLine(act({ outcome: "alive", survivors: 1 }), true), /^<3>7k2m9q not ended/);
  const finding = { kind: "escapee", key: "k", id: null, pid: 1, message: "<1>\nx" } as const;
  assert.equal(findingLine(finding, true), "<4><1>\\nx");
  assert.equal(findingLine(finding, false), "<1>\\nx");
});

Deno.test("planRow() and actJson() show each field as it is", () => {
  assert.deepEqual(planRow(act({ action: "finish", outcome: "planned" })), {
    id: JOB_ID,
    name: "fastsurfer",
    ref: "task\x1b81",
    user: "alice",
    state: "running",
    action: "end",
    reason: "orphaned",
  });
  assert.deepEqual(actJson(act({ outcome: "alive", survivors: 3 })), {
    id: JOB_ID,
    name: "fastsurfer",
    ref: "task\x1b81",
    user: "alice",
    state: "running",
    cgroupPath: `/corral/${JOB_ID}`,
    action: "end",
    reason: "orphaned",
    outcome: "alive",
    survivors: 3,
    message: null,
  });
});
