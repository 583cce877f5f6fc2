import assert from "node:assert/strict";
import { findDeparted } from "../../../../src/act/end/end_departed.ts";
import { runningFacts } from "../../../../src/job/job.ts";
import { JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeNode, LEADER_PID } from "../../../kit/fakes/node.ts";

const ELSEWHERE = "/elsewhere";
const CHILD = LEADER_PID + 1;

const MARKED = { environ: [`CORRAL_JOB_ID=${JOB_ID}`] };

/** What is found of a job whose first process lies there, with a child that went along and one that stayed. */
async function foundAt(
  cgroup: string,
  { bootId, first = MARKED }: { bootId?: string; first?: { environ?: string[]; ppid?: number } } = {},
) {
  using node = new FakeNode();
  const job = node.start();
  const run = runningFacts(job)!;
  const process = { startTicks: run.startTicks, command: ["sh"] };
  node.addProcess(LEADER_PID, { ...process, ...first, cgroup });
  node.addProcess(CHILD, { ...process, ppid: LEADER_PID, cgroup });
  node.addProcess(CHILD + 1, { ...process, ppid: LEADER_PID, cgroup: run.cgroup.path });
  node.addProcess(CHILD + 2, { ...process, ppid: 1, cgroup });
  const { supervisor } = job.watch!;
  const watch = { supervisor: bootId === undefined ? supervisor : { ...supervisor, bootId } };
  return await findDeparted(node.context, { id: JOB_ID, run, watch });
}

Deno.test("findDeparted() finds a first process elsewhere, and of its descendants those beside it", async () => {
  for (const first of [MARKED, { ppid: Deno.pid }]) {
    const found = await foundAt(ELSEWHERE, { first });
    assert.equal(found?.cgroupPath, ELSEWHERE);
    assert.deepEqual(found.processes.map(({ pid }) => pid), [LEADER_PID, CHILD]);
  }
});

Deno.test("findDeparted() finds none in the job, at whatever depth, and none of another boot", async () => {
  using node = new FakeNode();
  const { path } = runningFacts(node.start())!.cgroup;
  assert.equal(await foundAt(path), null);
  assert.equal(await foundAt(`${path}/below`), null);
  assert.equal(await foundAt(ELSEWHERE, { bootId: "another" }), null);
});

Deno.test("findDeparted() believes no row that names a process without the job's mark", async () => {
  for (const first of [{}, { environ: ["A=b"] }, { environ: ["CORRAL_JOB_ID=another"] }]) {
    assert.equal(await foundAt(ELSEWHERE, { first }), null);
  }
});
