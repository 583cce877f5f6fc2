import assert from "node:assert/strict";
import { jobJson } from "../../../src/job/json.ts";
import { endedPhase, jobIn, QUEUE_FACTS, runningJob, runOf, USAGE } from "../../kit/fakes/job.ts";

const KEYS = [
  ..."id name ref user uid state reason trigger exitCode signal command cwd tags backend adopted pool priority queuedMs outer pid"
    .split(" "),
  ..."pgid cgroupPath cgroupInode slurmJob slurmStep slurmRestarts supervisorPid outputFile createdAt startedAt endedAt timeoutMs cpuTimeMs health unhealthyCheck graceMs firstSignal"
    .split(
      " ",
    ),
  ..."limits usage survivors".split(" "),
];

Deno.test("jobJson() has the same keys in every state", () => {
  const queued = { ...jobIn({ state: "queued", queue: QUEUE_FACTS }), watch: null };
  const ending = jobIn({ state: "ending", run: null, reason: "killed", endingAtMs: 1, endingBootMs: 2 });
  for (const job of [jobIn({ state: "starting" }), runningJob(), queued, ending, jobIn(endedPhase())]) {
    assert.deepEqual(Object.keys(jobJson(job, null, null)), KEYS, job.phase.state);
  }
});

Deno.test("jobJson() gives times in UTC and what never happened as null", () => {
  const ended = jobJson(jobIn(endedPhase()), null, null);
  assert.deepEqual([ended["createdAt"], ended["startedAt"], ended["endedAt"]], [
    "2026-11-01T08:00:00.123Z",
    "2026-11-01T08:00:00.200Z",
    "2026-11-01T08:01:01.200Z",
  ]);
  const starting = jobJson(jobIn({ state: "starting" }), null, null);
  const nulls = [
    "reason",
    "trigger",
    "exitCode",
    "signal",
    "pid",
    "pgid",
    "cgroupPath",
    "startedAt",
    "endedAt",
  ];
  for (const key of nulls) assert.equal(starting[key], null, key);
});

Deno.test("jobJson() tells exit code or signal by name, never both", () => {
  const exit = (code: number | null, signal: number | null) => {
    const { exitCode, signal: name } = jobJson(jobIn(endedPhase({ exit: { code, signal } })), null, null);
    return [exitCode, name];
  };
  assert.deepEqual(exit(0, null), [0, null]);
  assert.deepEqual(exit(null, 9), [null, "KILL"]);
  assert.deepEqual(exit(null, null), [null, null]);
});

Deno.test("jobJson() gives the recorded usage of an ended job, the one just read of a live one, else nulls", () => {
  const live = { ...USAGE, wallMs: 5 };
  assert.deepEqual(jobJson(jobIn(endedPhase()), null, live)["usage"], USAGE);
  assert.deepEqual(jobJson(runningJob(), null, live)["usage"], live);
  const unknown = jobJson(runningJob(), null, null)["usage"] as Record<string, unknown>;
  assert.deepEqual(Object.keys(unknown), Object.keys(USAGE));
  assert.ok(Object.values(unknown).every((value) => value === null));
});

Deno.test("jobJson() carries events when there are any to carry", () => {
  const events = [{ atMs: 0, actor: "run", kind: "signal", detail: { sent: 3 } }];
  assert.deepEqual(jobJson(runningJob(), events, null)["events"], [
    { at: "1970-01-01T00:00:00.000Z", actor: "run", kind: "signal", detail: { sent: 3 } },
  ]);
});

Deno.test("jobJson() of an ending job tells why", () => {
  const ending = jobIn({ state: "ending", run: runOf(), reason: "timeout", endingAtMs: 1, endingBootMs: 2 });
  assert.deepEqual([jobJson(ending, null, null)["state"], jobJson(ending, null, null)["reason"]], [
    "ending",
    "timeout",
  ]);
});

Deno.test("jobJson() names the job in which a job was started, by its cgroup", () => {
  const inner = { path: "/corral.slice/corral-aaaaaa.slice/corral-aaaaaa-7k2m9q.slice", inode: 7 };
  const outerOf = (job: Parameters<typeof jobJson>[0]) => jobJson(job, null, null)["outer"];
  assert.equal(outerOf(jobIn({ state: "running", run: runOf({ cgroup: inner }) })), "aaaaaa");
  assert.equal(outerOf(jobIn({ state: "running", run: runOf() })), null);
  assert.equal(outerOf(jobIn({ state: "starting" })), null);
});
