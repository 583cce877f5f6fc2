import assert from "node:assert/strict";
import { groupsOf } from "../../../../src/view/report/group.ts";
import { groupJson } from "../../../../src/view/report/group_json.ts";
import { jobJson } from "../../../../src/job/json.ts";
import { JSON_SCHEMA } from "../../../../src/view/report/json_schema.ts";
import { insertEnded } from "../../../kit/fakes/ended_job.ts";
import { endedPhase, jobIn, runningJob, runOf } from "../../../kit/fakes/job.ts";
import { schemaErrors } from "../../../kit/fakes/json_schema.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";

const EVENT = { atMs: 0, actor: "run", kind: "signal", detail: { sent: 3 } };
const SURVIVOR = { pid: 4712, name: "nfs", state: "D", wchan: null, because: "waits" };

const errorsOf = (value: unknown) => schemaErrors(JSON_SCHEMA, JSON.parse(JSON.stringify(value)));

Deno.test("JSON_SCHEMA describes a job in every state", () => {
  const jobs = [
    jobIn({ state: "starting" }),
    runningJob(),
    jobIn({ state: "ending", run: null, reason: "killed", endingAtMs: 1, endingBootMs: null }),
    jobIn(endedPhase(), { ref: "task", tags: { study: "x" }, timeoutMs: 1 }),
    jobIn(endedPhase({ reason: "unkillable", trigger: "oom", survivors: [SURVIVOR], usage: null })),
    jobIn(endedPhase({ run: runOf({ deadlineBootMs: 5 }), exit: { code: null, signal: 9 } })),
  ];
  for (const job of jobs) {
    assert.deepEqual(errorsOf(jobJson(job, null, null)), [], job.phase.state);
    assert.deepEqual(errorsOf(jobJson(job, [EVENT], null)), [], job.phase.state);
  }
  assert.deepEqual(errorsOf(jobs.map((job) => jobJson(job, null, null))), []);
  assert.deepEqual(errorsOf([]), []);
});

Deno.test("JSON_SCHEMA refuses what is no job", () => {
  const job = jobJson(runningJob(), null, null);
  const wrong = (value: unknown) => errorsOf(value).join("\n");
  assert.match(wrong({ ...job, exitCode: "0" }), /^\/exitCode must be integer,null/m);
  assert.match(wrong({ ...job, memory: 1 }), /must NOT have additional properties .*"memory"/);
  const { user: _, ...withoutUser } = job;
  assert.match(wrong(withoutUser), /must have required property 'user'/);
  assert.match(wrong({ ...job, state: "paused" }), /^\/state must be equal to one of the allowed values/m);
  assert.match(wrong({ ...job, createdAt: "yesterday" }), /^\/createdAt must match format "date-time"/m);
  assert.notDeepEqual(errorsOf([job, 1]), []);
});

Deno.test("JSON_SCHEMA describes groups, with advice and without", () => {
  const member = {
    key: "a",
    outcome: "well" as const,
    trigger: "exited",
    wallMs: 1,
    cpuUsageUsec: null,
    memoryPeakBytes: 5,
    throttledShare: null,
  };
  for (const by of ["name", "user", "reason", "day"] as const) {
    const key = by === "day" ? "2026-11-01" : "a";
    const groups = groupsOf(Array.from({ length: 9 }, () => ({ ...member, key })));
    assert.deepEqual(errorsOf(groups.map((group) => groupJson(group, by, false))), [], by);
    assert.deepEqual(errorsOf(groupJson(groups[0]!, by, true)), [], by);
  }
});

Deno.test("JSON_SCHEMA describes what ps, show and report print", async () => {
  using node = new FakeNode();
  node.start({
    files: { "cpu.stat": "usage_usec 5\nuser_usec 3\nsystem_usec 2\n", "memory.current": "7\n" },
  });
  insertEnded(node.stores.open(), { spec: { id: "bbbbbb" } });
  const lines = [
    ["ps", "--json"],
    ["show", "7k2m9q", "--json"],
    ["show", "bbbbbb", "--json"],
    ["report", "--json"],
    ["report", "--json", "--by", "user", "--advise"],
  ];
  for (const line of lines) {
    await node.corral(...line);
    const value = node.takeJson();
    assert.deepEqual(schemaErrors(JSON_SCHEMA, value), [], line.join(" "));
    assert.ok(!Array.isArray(value) || value.length > 0);
  }
});
