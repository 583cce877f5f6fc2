import assert from "node:assert/strict";
import { END_REASONS, type Job } from "../../../src/job/job.ts";
import { type HeadInput, headRows } from "../../../src/view/show_head.ts";
import { endedPhase, jobIn, runOf, USAGE } from "../../kit/fakes/job.ts";
import { NO_LIMITS } from "../../../src/job/job.ts";

const MIB = 2 ** 20;
const BOOT_MS = runOf().startedBootMs + 61_000;

function rows(job: Job, input: Partial<HeadInput> = {}): Record<string, string> {
  const usage = job.phase.state === "ended" ? job.phase.usage : null;
  return Object.fromEntries(headRows({ job, usage, frozen: false, gpus: [], bootMs: BOOT_MS, ...input }));
}

Deno.test("headRows() of a success says so, and gives no lecture", () => {
  const job = jobIn(endedPhase({ reason: "exited", trigger: "exited", exit: { code: 0, signal: null } }));
  assert.equal(rows(job)["state"], "ended: exited");
  assert.equal(rows(job)["exit"], "0");
});

Deno.test("headRows() names the limit that a job met, what it reached, and what to try", () => {
  const limits = { ...NO_LIMITS, memoryMaxBytes: 64 * MIB };
  const usage = { ...USAGE, memoryPeakBytes: 64 * MIB, memoryOomEvents: 1 };
  const oom = endedPhase({ reason: "oom", trigger: "oom", exit: { code: null, signal: 9 }, usage });
  const own = rows(jobIn(oom, { limits }));
  assert.equal(
    own["state"],
    "ended: oom: ended by its own memory limit of 64.0M; its peak was 64.0M; try --memory 80M",
  );
  assert.equal(own["memory"], "peak 64.0M of 64.0M (100%)");
  assert.equal(own["exit"], "137 (died of KILL)");
  const others = rows(jobIn({ ...oom, usage: { ...usage, memoryOomEvents: 0 } }, { limits }));
  assert.match(
    others["state"]!,
    /^ended: oom: the kernel killed it for memory: its own limit was not reached.*; its peak was 64\.0M$/,
  );
  const late = endedPhase({ reason: "timeout", trigger: "timeout", exit: { code: null, signal: 15 } });
  const timeout = rows(jobIn(late, { timeoutMs: 7_200_000 }));
  assert.equal(timeout["state"], "ended: timeout: its time limit of 2h passed; try --timeout 3h");
  assert.equal(timeout["exit"], "124 (died of TERM)");
  const used = endedPhase({ reason: "cpu-time", trigger: "cpu-time", exit: { code: null, signal: 15 } });
  const cpuTime = rows(jobIn(used, { cpuTimeMs: 120_000 }));
  assert.equal(cpuTime["state"], "ended: cpu-time: its limit of 2m CPU time passed; try --cpu-time 3m");
  assert.match(cpuTime["cpu"]!, /^2m of 2m \(100%\), /);
  assert.equal(cpuTime["exit"], "124 (died of TERM)");
});

Deno.test("headRows() has one sentence for every end reason, and at most eight rows", () => {
  for (const reason of Object.keys(END_REASONS) as (keyof typeof END_REASONS)[]) {
    const run = runOf({ outputFile: "/some/log" });
    const job = jobIn(endedPhase({ reason, trigger: reason, exit: { code: 3, signal: null }, run }), {
      ref: "task-9",
    });
    const state = rows(job)["state"]!;
    assert.ok(state.startsWith(`ended: ${reason}: `), state);
    assert.ok(state.length > `ended: ${reason}: `.length + 10 && !/undefined|null|NaN/.test(state), state);
    assert.ok(Object.keys(rows(job)).length <= 8);
  }
});

Deno.test("headRows() names the file of a detached job's output", () => {
  const job = jobIn({ state: "running", run: runOf({ outputFile: "/var/lib/corral/output/7k2m9q.log" }) });
  assert.equal(rows(job)["output"], "/var/lib/corral/output/7k2m9q.log");
});

Deno.test("headRows() of a command that was not found says that it never ran", () => {
  const phase = endedPhase({
    reason: "failed-to-start",
    trigger: "failed-to-start",
    exit: { code: 127, signal: null },
    usage: null,
  });
  const said = rows(jobIn(phase));
  assert.deepEqual(Object.keys(said), ["job", "state", "command", "exit"]);
  assert.equal(said["state"], "ended: failed-to-start: its command never ran: it was not found");
  assert.equal(said["exit"], "127");
});

Deno.test("headRows() of a live job says how long it has left, and leaves out what has no value", () => {
  const run = runOf({ deadlineBootMs: BOOT_MS + 3_600_000 });
  const job = jobIn({ state: "running", run }, { timeoutMs: 7_200_000, argv: ["echo", "it's"] });
  const detached = runOf({ outputFile: "/var/lib/corral/output/7k2m9q.log" });
  assert.equal(
    rows(jobIn({ state: "running", run: detached }))["output"],
    "/var/lib/corral/output/7k2m9q.log",
  );
  const said = rows(job, { frozen: true });
  assert.equal(said["state"], "running, frozen, 1h left");
  assert.equal(said["command"], "echo 'it'\\''s'");
  assert.deepEqual(Object.keys(said), ["job", "state", "command"]);
  assert.equal(rows(job, { bootMs: BOOT_MS + 4_000_000 })["state"], "running, overdue");
});
