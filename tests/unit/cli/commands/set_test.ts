import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { JOB_ID, momentAt, runOf } from "../../../kit/fakes/job.ts";
import { FakeBackend } from "../../../kit/fakes/backend.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";

const HOUR_MS = 3_600_000;
const LIMITED = { "pids.max": "9\n", "memory.max": "max\n", "cpu.max": "max 100000\n" };

/** A node whose jobs can be limited in this way. */
function nodeWith(...controllers: string[]): FakeNode {
  const node = new FakeNode();
  return Object.assign(node, { backend: new FakeBackend(node.cgroups, controllers) });
}

/** The deadline as it is recorded, from the start of the job. */
function deadlineMs(node: FakeNode): number | null {
  const { phase } = node.recorded();
  assert.ok(phase.state === "running");
  const { deadlineBootMs, startedBootMs } = phase.run;
  return deadlineBootMs === null ? null : deadlineBootMs - startedBootMs;
}

Deno.test("corral set changes a limit, reads it back and records it", async () => {
  using node = nodeWith("pids");
  node.start({ files: LIMITED });
  assert.equal(await node.corral("set", JOB_ID, "--pids", "9"), EXIT.DONE);
  assert.deepEqual([node.out, node.said], [`${JOB_ID} set\n`, []]);
  assert.deepEqual(node.backend.calls, ['setLimits {"pidsMax":9}']);
  assert.equal(node.recorded().spec.limits.pidsMax, 9);
  assert.deepEqual(node.eventKinds().at(-1), "set");
});

Deno.test("corral set none lifts a limit", async () => {
  using node = nodeWith("pids");
  node.start({ files: LIMITED });
  await node.corral("set", JOB_ID, "--pids", "9");
  assert.equal(await node.corral("set", JOB_ID, "--pids", "none"), EXIT.DONE);
  assert.equal(node.backend.calls.at(-1), "setLimits {}");
  assert.equal(node.recorded().spec.limits.pidsMax, null);
});

Deno.test("corral set refuses a limit that cannot hold here, and records nothing", async () => {
  using node = nodeWith("pids");
  const job = node.start({ files: LIMITED });
  assert.equal(await node.corral("set", JOB_ID, "--cpus", "1"), EXIT.NEGATIVE);
  assert.equal(
    node.said.pop(),
    "corral: --cpus cannot be enforced: the cpu controller is not available to jobs here (remedy cpu)",
  );
  assert.equal(await node.corral("set", JOB_ID, "--pids", "10"), EXIT.NEGATIVE);
  assert.equal(node.said.pop(), "corral: --pids is not in force: pids.max says 9 (see: corral doctor)");
  assert.deepEqual(node.recorded(), job);
});

Deno.test("corral set --memory has the whole job die when it is exceeded", async () => {
  using node = nodeWith("memory");
  node.start({ files: { "memory.max": "4096\n", "memory.oom.group": "0\n" } });
  assert.equal(await node.corral("set", JOB_ID, "--memory", "4K"), EXIT.DONE);
  assert.equal(node.cgroups.text(JOB_PATH, "memory.oom.group"), "1");
});

Deno.test("corral set --timeout counts from the start; + and - move the deadline", async () => {
  using node = nodeWith();
  node.start();
  const rows = [["2h", 2 * HOUR_MS, "2h"], ["+1h", 3 * HOUR_MS, "3h"], [
    "-30m",
    2.5 * HOUR_MS,
    "2h30m",
  ]] as const;
  for (const [wish, deadline, told] of rows) {
    assert.equal(await node.corral("set", JOB_ID, `--timeout=${wish}`), EXIT.DONE, wish);
    assert.equal(deadlineMs(node), deadline);
    assert.equal(node.out, `${JOB_ID} set: timeout ${told}\n`);
    // The deadline, the grace of 2 s and the margin of 5 s.
    assert.equal(node.backend.calls.at(-1), `setBackstop ${deadline + 7_000}`);
    node.out = "";
  }
  assert.equal(await node.corral("set", JOB_ID, "--timeout", "none"), EXIT.DONE);
  assert.deepEqual([deadlineMs(node), node.backend.calls.at(-1)], [null, "setBackstop null"]);
});

Deno.test("corral set --timeout refuses to move what is not there, or into the past", async () => {
  using node = nodeWith();
  node.start();
  node.bootMs = runOf().startedBootMs + 60_000;
  assert.equal(await node.corral("set", JOB_ID, "--timeout", "+1h"), EXIT.USAGE);
  assert.match(node.said.pop()!, /the job has no timeout to move/);
  await node.corral("set", JOB_ID, "--timeout", "1h");
  assert.equal(await node.corral("set", JOB_ID, "--timeout=-59m"), EXIT.USAGE);
  assert.match(node.said.pop()!, /the job has run for 1m already \(to end it: corral kill 7k2m9q\)$/);
  assert.equal(deadlineMs(node), HOUR_MS);
});

Deno.test("corral set wants something to change, and a live job", async () => {
  using node = nodeWith();
  node.start();
  assert.equal(await node.corral("set", JOB_ID), EXIT.USAGE);
  assert.match(node.said.pop()!, /nothing to change/);
  assert.equal(await node.corral("set", "aaaaaa", "--timeout", "1h"), EXIT.NEGATIVE);
  node.cgroups.vanish(JOB_PATH);
  assert.equal(await node.corral("set", JOB_ID, "--timeout", "1h"), EXIT.NEGATIVE);
  assert.match(node.said.at(-1)!, /has no cgroup any more \(corral kill 7k2m9q records its end\)$/);
});

Deno.test("corral set does not change a job that is ending", async () => {
  using node = nodeWith();
  node.start();
  node.stores.open().claimEnding(JOB_ID, "killed", momentAt(1));
  assert.equal(await node.corral("set", JOB_ID, "--timeout", "1h"), EXIT.NEGATIVE);
  assert.match(node.said.at(-1)!, /job 7k2m9q is ending/);
  assert.deepEqual(node.backend.calls, []);
});

Deno.test("corral set --cpu-time counts what was used before; + and - move the limit, none lifts it", async () => {
  using node = nodeWith();
  node.start({ files: { "cpu.stat": "usage_usec 60000000\nuser_usec 0\n" } });
  const rows = [["2h", 2 * HOUR_MS, "2h"], ["+1h", 3 * HOUR_MS, "3h"], [
    "-30m",
    2.5 * HOUR_MS,
    "2h30m",
  ]] as const;
  for (const [wish, limitMs, told] of rows) {
    assert.equal(await node.corral("set", JOB_ID, `--cpu-time=${wish}`), EXIT.DONE, wish);
    assert.equal(node.recorded().spec.cpuTimeMs, limitMs);
    assert.equal(node.out, `${JOB_ID} set: limit of CPU time ${told}\n`);
    node.out = "";
  }
  assert.equal(await node.corral("set", JOB_ID, "--cpu-time=-149m"), EXIT.USAGE);
  assert.match(node.said.pop()!, /--cpu-time: the job has used 1m already \(to end it: corral kill/);
  assert.equal(await node.corral("set", JOB_ID, "--cpu-time", "none", "--timeout", "1h"), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} set: timeout 1h, no limit of CPU time\n`);
  assert.equal(node.recorded().spec.cpuTimeMs, null);
  assert.equal(await node.corral("set", JOB_ID, "--cpu-time", "+1h"), EXIT.USAGE);
  assert.match(node.said.pop()!, /the job has no limit of it to move/);
});
