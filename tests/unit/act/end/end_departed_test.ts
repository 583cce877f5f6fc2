import assert from "node:assert/strict";
import { findDeparted } from "../../../../src/act/end/end_departed.ts";
import { runningFacts } from "../../../../src/job/job.ts";
import { FakeNode, LEADER_PID } from "../../../kit/fakes/node.ts";

const ELSEWHERE = "/elsewhere";
const CHILD = LEADER_PID + 1;

/** What is found of a job whose first process lies there, with a child that went along and one that stayed. */
function foundAt(cgroup: string, { bootId = null as string | null } = {}) {
  using node = new FakeNode();
  const job = node.start();
  const run = runningFacts(job)!;
  const process = { startTicks: run.startTicks, command: ["sh"] };
  node.addProcess(LEADER_PID, { ...process, cgroup });
  node.addProcess(CHILD, { ...process, ppid: LEADER_PID, cgroup });
  node.addProcess(CHILD + 1, { ...process, ppid: LEADER_PID, cgroup: run.cgroup.path });
  node.addProcess(CHILD + 2, { ...process, ppid: 1, cgroup });
  const watch = job.watch!;
  const supervisor = bootId === null ? watch.supervisor : { ...watch.supervisor, bootId };
  return findDeparted(node.context, run, { supervisor });
}

Deno.test("findDeparted() finds a first process elsewhere, and of its descendants those beside it", () => {
  const found = foundAt(ELSEWHERE);
  assert.equal(found?.cgroupPath, ELSEWHERE);
  assert.deepEqual(found.processes.map(({ pid }) => pid), [LEADER_PID, CHILD]);
});

Deno.test("findDeparted() finds none in the job, at whatever depth, and none of another boot", () => {
  using node = new FakeNode();
  const { path } = runningFacts(node.start())!.cgroup;
  assert.equal(foundAt(path), null);
  assert.equal(foundAt(`${path}/below`), null);
  assert.equal(foundAt(ELSEWHERE, { bootId: "another" }), null);
});
