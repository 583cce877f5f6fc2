import assert from "node:assert/strict";
import { EXIT, SetupError } from "../../../../src/base/errors.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { BOOT_ID, JOB_ID } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, LEADER_PID, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { QuickTime } from "../../../kit/fakes/quick_time.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const EMPTY = { "cgroup.events": "populated 0\nfrozen 0\n", "cgroup.procs": "" };
const LEFT = [{ pid: LEADER_PID, name: "cat", state: "D", wchan: "rpc_wait", because: "waits" }];

/** A job whose supervisor was killed. */
function orphan(node: FakeNode, files: Record<string, string> = {}): void {
  node.start({ spec: { graceMs: 5 }, files });
  node.proc.remove(SUPERVISOR_PID);
}

const killTest = testsOf(() => new FakeNode());

killTest("corral kill ends a job, records it and removes its cgroup", async (node) => {
  orphan(node);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("kill", JOB_ID), EXIT.DONE);
  assert.deepEqual([node.out, node.said], [`${JOB_ID} ended: killed\n`, []]);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
  assert.deepEqual(
    node.eventKinds().toSorted(),
    ["starting", "running", "ending", "freeze", "signal", "grace", "kill", "empty", "ended"].toSorted(),
  );
});

killTest("corral kill --now skips first signal and grace", async (node) => {
  orphan(node);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("kill", "--now", "--json", JOB_ID), EXIT.DONE);
  assert.deepEqual(node.takeJson(), [{ id: JOB_ID, reason: "killed", survivors: 0, refused: null }]);
  assert.ok(!node.eventKinds().includes("signal"));
});

killTest("corral kill only records a job that has left nothing", async (node) => {
  orphan(node, EMPTY);
  node.proc.remove(LEADER_PID);
  assert.equal(await node.corral("kill", JOB_ID), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} ended: exited\n`);
  node.out = "";
  assert.equal(await node.corral("kill", JOB_ID), EXIT.NEGATIVE);
  assert.deepEqual(node.said, [`job ${JOB_ID}: not ended: it has ended already`]);
});

killTest("corral kill records a job of an earlier boot as lost and touches nothing", async (node) => {
  node.start({
    watch: { supervisor: { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: "an earlier boot" } },
    // What bears the name by now was made since.
    run: { cgroup: { path: JOB_PATH, inode: 1 } },
  });
  assert.equal(await node.corral("kill", JOB_ID), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} ended: lost\n`);
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.kill"), "");
  assert.deepEqual(node.backend.calls, []);
});

killTest("corral kill does not touch a cgroup that is not the one made for the job", async (node) => {
  const job = node.start();
  Deno.renameSync(node.cgroups.mount + JOB_PATH, `${node.cgroups.mount}/moved`);
  node.cgroups.add(JOB_PATH);
  assert.equal(await node.corral("kill", JOB_ID), EXIT.NEGATIVE);
  assert.deepEqual(node.said, [
    `job ${JOB_ID}: not ended: the cgroup at its recorded path is not the one made for it`,
  ]);
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.kill"), "");
  assert.deepEqual(node.recorded(), job);
});

killTest("corral kill leaves a job alone that is being launched", async (node) => {
  node.startStarting();
  node.addProcess(SUPERVISOR_PID, { startTicks: 900_000 });
  assert.equal(await node.corral("kill", JOB_ID), EXIT.NEGATIVE);
  assert.match(node.said[0]!, /its supervisor is starting or ending it right now$/);
});

killTest("corral kill ends what a launch cut short has left", async (node) => {
  node.startStarting({ graceMs: 5 });
  node.cgroups.add(JOB_PATH);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("kill", JOB_ID), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} ended: orphaned\n`);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

killTest("corral kill tries an unkillable job again and collects it once it can die", async (node) => {
  orphan(node);
  const store = node.stores.open();
  store.markEnded(JOB_ID, {
    reason: "unkillable",
    trigger: "timeout",
    exit: { code: null, signal: null },
    endedAtMs: 1,
    usage: null,
    survivors: LEFT,
  }, []);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("kill", JOB_ID), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} ended: unkillable\n`);
  const { phase } = node.recorded();
  assert.deepEqual(phase.state === "ended" && phase.survivors, []);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

killTest("corral kill --dry-run shows what would be ended and ends nothing", async (node) => {
  const job = node.start({ spec: { name: "two\nlines" } });
  assert.equal(await node.corral("kill", "--dry-run", "--all"), EXIT.DONE);
  assert.deepEqual(node.out.split("\n"), [
    "ID      NAME        USER   PROCS",
    `${JOB_ID}  two\\nlines  alice  1`,
    "",
  ]);
  node.out = "";
  assert.equal(await node.corral("kill", "--dry-run", "--json", "--user", "1000"), EXIT.DONE);
  assert.deepEqual(node.takeJson(), [{ id: JOB_ID, name: "two\nlines", user: "alice", procs: 1 }]);
  assert.deepEqual([node.recorded(), node.backend.calls], [job, []]);
});

killTest("corral kill wants to know which jobs, in one way", async (node) => {
  node.start();
  assert.equal(await node.corral("kill"), EXIT.USAGE);
  assert.equal(await node.corral("kill", "--all", JOB_ID), EXIT.USAGE);
  assert.equal(await node.corral("kill", "--name", "x", JOB_ID), EXIT.USAGE);
  assert.deepEqual(node.said, [
    "corral: which job? give JOB, --name, --ref, --user, --tag or --all",
    "corral: give either JOB or a filter, not both",
    "corral: give either JOB or a filter, not both",
  ]);
});

killTest("corral kill tells what matches nothing", async (node) => {
  node.start();
  for (
    const args of [["aaaaaa"], ["name:other"], ["ref:other"], ["--name", "other"], ["--ref", "x"], [
      "--user",
      "bob",
    ]]
  ) {
    assert.equal(await node.corral("kill", ...args), EXIT.NEGATIVE, args.join(" "));
    assert.match(node.said.pop()!, /^corral: no (live )?job matches ".*" \(see: corral ps( -a)?\)$/);
  }
  assert.equal(await node.corral("kill", "7k2m9Q"), EXIT.NEGATIVE);
});

killTest("corral kill --all ends nothing unless somebody says so", async (node) => {
  const job = node.start();
  assert.equal(await node.corral("kill", "--all"), EXIT.USAGE);
  assert.match(node.said.pop()!, /End all 1 live jobs\? Say --yes/);
  node.interactive = true;
  assert.equal(await node.corral("kill", "--all"), EXIT.NEGATIVE);
  assert.deepEqual(node.said, ["End all 1 live jobs?"]);
  assert.deepEqual(node.recorded(), job);
});

killTest("corral kill --all --yes ends every live job, and it is fine when there is none", async (node) => {
  assert.equal(await node.corral("kill", "--all", "--yes"), EXIT.DONE);
  orphan(node, EMPTY);
  assert.equal(await node.corral("kill", "--all", "--yes"), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} ended: killed\n`);
});

killTest("corral kill --all ends the others when one cannot be ended, and says which", async (node) => {
  orphan(node, EMPTY);
  for (const id of ["aaaaaa", "bbbbbb"]) {
    node.startStarting({ id }, { supervisor: { pid: SUPERVISOR_PID, startTicks: 1, bootId: BOOT_ID } });
  }
  node.stores.raw().exec("UPDATE jobs SET argv = '7' WHERE id = 'aaaaaa'");
  node.backend.failures.clear = new SetupError("systemd did not stop it", "see");
  assert.equal(await node.corral("kill", "--all", "--yes", "--dry-run"), EXIT.NEGATIVE);
  assert.match(node.said.pop()!, /row of job "aaaaaa" is damaged/);
  node.out = "";
  assert.equal(await node.corral("kill", "--all", "--yes"), EXIT.NEGATIVE);
  assert.equal(node.out, `${JOB_ID} ended: killed\n`);
  assert.match(node.said[0]!, /row of job "aaaaaa" is damaged/);
  assert.deepEqual(node.said.slice(1), ["job bbbbbb: not ended: systemd did not stop it"]);
});

killTest("corral kill takes the same job once, however often it is named", async (node) => {
  orphan(node, EMPTY);
  assert.equal(await node.corral("kill", JOB_ID, "7k", "name:fastsurfer"), EXIT.DONE);
  assert.equal(node.out, `${JOB_ID} ended: killed\n`);
});

killTest("corral kill of what does not die says how many are left, exit 1", async (node) => {
  orphan(node);
  node.addProcess(LEADER_PID, { state: "D", cgroup: JOB_PATH });
  using _time = new QuickTime(200);
  assert.equal(await node.corral("kill", "--json", JOB_ID), EXIT.NEGATIVE);
  assert.deepEqual(node.takeJson(), [{ id: JOB_ID, reason: "unkillable", survivors: 1, refused: null }]);
  assert.deepEqual(node.said, [`job ${JOB_ID}: 1 process is still alive: corral show ${JOB_ID}`]);
});

Deno.test("corral kill --tag means the live jobs that have all of the tags, and no other", async () => {
  using node = new FakeNode();
  node.start({ spec: { tags: { team: "a" } } });
  assert.equal(await node.corral("kill", "--dry-run", "--tag", "team=b"), EXIT.NEGATIVE);
  assert.equal(await node.corral("kill", "--dry-run", "--tag", "team=a", "--tag", "x=y"), EXIT.NEGATIVE);
  assert.equal(node.out, "");
  assert.equal(await node.corral("kill", "--dry-run", "--tag", "team=a"), EXIT.DONE);
  assert.match(node.out, /7k2m9q/);
});
