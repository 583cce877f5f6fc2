import assert from "node:assert/strict";
import { sweep, type SweepAct, type SweepOptions } from "../../../../src/act/sweep/sweep.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";

const OPTIONS: SweepOptions = {
  dryRun: false,
  onOrphan: "kill",
  escapees: "report",
  statusCommand: null,
  finishedStatuses: [],
  strikes: 2,
  patienceMs: 20,
  graceMs: 2_000,
  retentionMs: null,
  isStopped: () => false,
};

async function sweepNode(node: FakeNode, changes: Partial<SweepOptions> = {}): Promise<SweepAct[]> {
  const acts: SweepAct[] = [];
  await sweep(node.context, node.stores.open("sweep"), { ...OPTIONS, ...changes }, {
    act: (act) => void acts.push(act),
    finding: ({ message }) => assert.fail(message),
    escapee: ({ name }) => assert.fail(name),
  });
  return acts;
}

Deno.test("sweep() begins a long grace, leaves it to go on, and kills when it is over", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 3_600_000 } });
  node.proc.remove(SUPERVISOR_PID);
  await using _kernel = new FakeKernel(node.cgroups);
  const outcomes: string[] = [];
  for (const passedMs of [0, 1_000, 3_600_000]) {
    node.bootMs += passedMs;
    for (const { outcome, reason } of await sweepNode(node)) outcomes.push(`${outcome} ${reason}`);
  }
  assert.deepEqual(outcomes, ["grace orphaned", "grace orphaned", "ended orphaned"]);
  assert.equal(node.eventKinds().filter((kind) => kind === "signal").length, 1);
});

Deno.test("sweep() that is told to stop begins nothing more", async () => {
  using node = new FakeNode();
  node.start({ spec: { graceMs: 5 } });
  node.proc.remove(SUPERVISOR_PID);
  assert.deepEqual(await sweepNode(node, { isStopped: () => true }), []);
  assert.equal(node.recorded().phase.state, "running");
});
