import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { lockSweep } from "../../../../src/store/sweep_lock.ts";
import { JOB_PATH } from "../../../kit/fakes/cgroup_dir.ts";
import { endedPhase, JOB_ID, momentAt, risingSamples, specOf } from "../../../kit/fakes/job.ts";
import { FakeKernel } from "../../../kit/fakes/kernel.ts";
import { FakeNode, LEADER_PID, SUPERVISOR_PID } from "../../../kit/fakes/node.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const EMPTY = { "cgroup.events": "populated 0\nfrozen 0\n", "cgroup.procs": "" };
const OTHER_PATH = "/corral/zzzzzz";

const sweepTest = testsOf(() => new FakeNode());

/** A job whose supervisor was killed. */
function orphan(node: FakeNode, files: Record<string, string> = {}, graceMs = 5): void {
  node.start({ spec: { graceMs, ref: "task-81" }, files });
  node.proc.remove(SUPERVISOR_PID);
}

/** What the node's `corral` last printed, by line. */
function takeLines(node: FakeNode): string[] {
  const lines = node.out.trimEnd().split("\n");
  node.out = "";
  return lines;
}

function reasonOf(node: FakeNode): string {
  const { phase } = node.recorded();
  return phase.state === "ended" ? phase.reason : phase.state;
}

sweepTest("corral sweep with nothing to do says so, and nothing with --quiet", async (node) => {
  node.start();
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), ["nothing to do"]);
  assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
  assert.deepEqual([node.out, node.said, node.backend.calls], ["", [], []]);
  assert.equal(node.recorded().phase.state, "running");
});

sweepTest("corral sweep ends an orphan, and the next one finds nothing to do", async (node) => {
  orphan(node);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} ended: orphaned (fastsurfer, ref task-81)`]);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
  assert.equal(reasonOf(node), "orphaned");
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), ["nothing to do"]);
});

sweepTest("corral sweep --on-orphan keep leaves an orphan until its deadline", async (node) => {
  node.start({ spec: { graceMs: 5 }, run: { deadlineBootMs: node.bootMs + 1 } });
  node.proc.remove(SUPERVISOR_PID);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("sweep", "--on-orphan", "keep", "--quiet"), EXIT.DONE);
  assert.equal(node.out, "");
  node.bootMs += 1;
  assert.equal(await node.corral("sweep", "--on-orphan", "keep", "--quiet"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} ended: timeout (fastsurfer)`]);
});

sweepTest("corral sweep collects what is over, with its usage", async (node) => {
  orphan(node, { ...EMPTY, "cpu.stat": "usage_usec 1234\nuser_usec 1000\nsystem_usec 234\n" });
  node.proc.remove(LEADER_PID);
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} collected: exited (fastsurfer, ref task-81)`]);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.usage?.cpuUsageUsec === 1234);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

sweepTest("corral sweep records a launch that was cut short and clears its units away", async (node) => {
  node.startStarting();
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} collected: failed-to-start (fastsurfer)`]);
  assert.deepEqual(node.backend.calls, [`clear ${JOB_ID}`]);
});

sweepTest("corral sweep records the jobs of an earlier boot as lost and touches nothing", async (node) => {
  node.start({
    watch: { supervisor: { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: "an earlier boot" } },
    // What bears the name by now was made since.
    run: { cgroup: { path: JOB_PATH, inode: 1 } },
  });
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} collected: lost (fastsurfer)`]);
  assert.deepEqual(node.backend.calls, []);
  assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0\n");
});

sweepTest(
  "corral sweep finishes an ending that was cut short, without a second first signal",
  async (node) => {
    orphan(node);
    node.stores.open("run").claimEnding(JOB_ID, "timeout", momentAt(1));
    await using _kernel = new FakeKernel(node.cgroups);
    assert.equal(await node.corral("sweep"), EXIT.DONE);
    assert.deepEqual(takeLines(node), [`${JOB_ID} ended: timeout (fastsurfer, ref task-81)`]);
    assert.ok(!node.eventKinds().includes("signal"));
  },
);

sweepTest("corral sweep removes the cgroup that an ended job has left", async (node) => {
  orphan(node, EMPTY);
  node.proc.remove(LEADER_PID);
  const { run: _, state: _state, ...ending } = endedPhase({ reason: "timeout", trigger: "timeout" });
  node.stores.open().markEnded(JOB_ID, ending, []);
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} collected: timeout (fastsurfer, ref task-81)`]);
  assert.deepEqual(node.backend.calls, [`remove ${JOB_PATH}`]);
});

sweepTest("corral sweep tries an unkillable job again", async (node) => {
  orphan(node);
  const survivors = [{ pid: LEADER_PID, name: "cat", state: "D", wchan: "rpc_wait", because: "waits" }];
  const { run: _, state: _state, ...ending } = endedPhase({ reason: "unkillable", survivors });
  node.stores.open().markEnded(JOB_ID, ending, []);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} ended: unkillable (fastsurfer, ref task-81)`]);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.survivors.length === 0);
});

sweepTest(
  "corral sweep reports a foreign cgroup each time, with --quiet once, and never touches it",
  async (node) => {
    orphan(node);
    node.cgroups.vanish(JOB_PATH);
    node.cgroups.add("/corral/occupied");
    node.cgroups.add(JOB_PATH, { "cgroup.procs": `${LEADER_PID}\n` });
    const told = `job ${JOB_ID}: ${JOB_PATH} is not the cgroup that was made for it; not touched`;
    for (const expected of [[told], [""], [""]]) {
      assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
      assert.deepEqual(takeLines(node), expected);
    }
    assert.equal(await node.corral("sweep"), EXIT.DONE);
    assert.deepEqual(takeLines(node), [told]);
    assert.equal(node.cgroups.text(JOB_PATH, "cgroup.freeze"), "0\n");
    assert.equal(node.recorded().phase.state, "running");
  },
);

sweepTest(
  "corral sweep ends the others when a row is damaged, and reports it and its cgroup",
  async (node) => {
    orphan(node);
    node.startStarting({ id: "aaaaaa" });
    node.cgroups.add("/corral/aaaaaa");
    node.stores.raw().exec("UPDATE jobs SET limits = '[' WHERE id = 'aaaaaa'");
    await using _kernel = new FakeKernel(node.cgroups);
    assert.equal(await node.corral("sweep"), EXIT.DONE);
    const [act, damage, unknown, ...more] = takeLines(node);
    assert.equal(act, `${JOB_ID} ended: orphaned (fastsurfer, ref task-81)`);
    assert.match(damage!, /row of job "aaaaaa" is damaged: /);
    assert.match(unknown!, /^\/corral\/aaaaaa is of no job in this store: /);
    assert.deepEqual(more, []);
  },
);

sweepTest(
  "corral sweep claims nothing for itself of a job that has ended since its record was read",
  async (node) => {
    node.start();
    const list = node.backend.list.bind(node.backend);
    node.backend.list = () => {
      const { run: _, state: _state, ...ending } = endedPhase();
      node.stores.open().markEnded(JOB_ID, ending, []);
      node.cgroups.vanish(JOB_PATH);
      for (const pid of [LEADER_PID, SUPERVISOR_PID]) node.proc.remove(pid);
      return list();
    };
    assert.equal(await node.corral("sweep"), EXIT.DONE);
    assert.deepEqual(takeLines(node), ["nothing to do"]);
    assert.deepEqual(node.backend.calls, []);
  },
);

sweepTest("corral sweep reports a cgroup of a job's name when its record names another", async (node) => {
  node.start();
  node.stores.raw().exec("UPDATE jobs SET cgroup_path = '/elsewhere'");
  assert.equal(await node.corral("sweep"), EXIT.DONE);
  const told = `${JOB_PATH} bears the name of job ${JOB_ID}: its record names another cgroup; not touched`;
  assert.deepEqual(takeLines(node), [told]);
});

sweepTest(
  "corral sweep reports cgroups that no job of the store has, as long as they are there",
  async (node) => {
    node.cgroups.add(OTHER_PATH);
    const told = /^\/corral\/zzzzzz is of no job in this store: another --state-dir's, .*; not touched$/;
    assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
    assert.match(takeLines(node)[0]!, told);
    node.cgroups.vanish(OTHER_PATH);
    assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
    assert.equal(node.out, "");
    node.cgroups.add(OTHER_PATH, EMPTY);
    assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
    assert.match(takeLines(node)[0]!, /^\/corral\/zzzzzz .*, and empty: /);
    assert.deepEqual(node.backend.calls, []);
  },
);

const FINISHED = ["sweep", "--quiet", "--status-command", "ask"];

sweepTest("corral sweep ends what its owner calls finished, the second time it hears so", async (node) => {
  node.start({ spec: { graceMs: 5, ref: "task-81" } });
  node.shell = () => ({ code: 0, stdout: "task-81 Cancelled\n", stderr: "" });
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral(...FINISHED), EXIT.DONE);
  assert.deepEqual([node.out, reasonOf(node)], ["", "running"]);
  // Its supervisor would record the end itself.
  node.proc.remove(SUPERVISOR_PID);
  assert.equal(await node.corral(...FINISHED, "--on-orphan", "keep"), EXIT.DONE);
  assert.deepEqual(takeLines(node), [`${JOB_ID} ended: finished-by-owner (fastsurfer, ref task-81)`]);
});

sweepTest(
  "corral sweep counts only sweeps in a row that heard so, and no answer changes nothing",
  async (node) => {
    node.start({ spec: { graceMs: 5, ref: "task-81" } });
    const answer = (stdout: string, code = 0) => node.shell = () => ({ code, stdout, stderr: "" });
    const strikes = () => node.stores.open().strikes(JOB_ID);
    const seen: number[] = [];
    for (
      const [stdout, code] of [
        ["task-81 failed", 0],
        ["task-81 running", 0],
        ["task-81 failed", 0],
        ["task-82 failed", 0],
        ["task-81 failed", 1],
        ["task-81 failed\ntask-81 running", 0],
      ] as const
    ) {
      answer(stdout, code);
      assert.equal(await node.corral(...FINISHED), EXIT.DONE);
      seen.push(strikes());
    }
    assert.deepEqual(seen, [1, 0, 1, 1, 1, 1]);
    assert.equal(reasonOf(node), "running");
  },
);

sweepTest(
  "corral sweep --dry-run shows what would be done and does nothing, not even count",
  async (node) => {
    node.start({ spec: { graceMs: 5, ref: "task-81" } });
    node.shell = () => ({ code: 0, stdout: "task-81 failed\n", stderr: "" });
    const before = node.recorded();
    assert.equal(await node.corral(...FINISHED, "--dry-run", "--strikes", "1"), EXIT.DONE);
    assert.deepEqual(takeLines(node), [
      "ID      NAME        REF      USER   STATE    ACTION  REASON",
      `${JOB_ID}  fastsurfer  task-81  alice  running  end     finished-by-owner`,
    ]);
    assert.deepEqual([node.recorded(), node.stores.open().strikes(JOB_ID)], [before, 0]);
    assert.deepEqual(node.backend.calls, []);
  },
);

sweepTest("corral sweep tells a job that it cannot act upon and goes on with the others", async (node) => {
  orphan(node);
  node.stores.open().insert(specOf({ id: "aaaaaa" }), node.recorded().watch!);
  node.backend.failures.clear = new Error("systemd is gone");
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("sweep"), EXIT.NEGATIVE);
  assert.deepEqual(takeLines(node).toSorted(), [
    `${JOB_ID} ended: orphaned (fastsurfer, ref task-81)`,
    "aaaaaa not ended: unexpected: systemd is gone (fastsurfer)",
  ]);
});

sweepTest("corral sweep leaves the field to one that is running", async (node) => {
  orphan(node);
  using _lock = lockSweep(node.stores.path, "corral.db");
  assert.equal(await node.corral("sweep"), EXIT.SWEEP_RUNNING);
  assert.deepEqual(node.said, ["corral: another sweep is running"]);
  assert.equal(node.recorded().phase.state, "running");
});

sweepTest("corral sweep --json tells everything in one object", async (node) => {
  orphan(node);
  node.cgroups.add(OTHER_PATH);
  await using _kernel = new FakeKernel(node.cgroups);
  assert.equal(await node.corral("sweep", "--json"), EXIT.DONE);
  const { ok, dryRun, acts, findings } = node.takeJson() as {
    ok: boolean;
    dryRun: boolean;
    acts: { id: string; outcome: string }[];
    findings: { kind: string; id: string }[];
  };
  assert.deepEqual([ok, dryRun], [true, false]);
  assert.deepEqual(acts.map(({ id, outcome }) => [id, outcome]), [[JOB_ID, "ended"]]);
  assert.deepEqual(findings.map(({ kind, id }) => [kind, id]), [["unknown-cgroup", "zzzzzz"]]);
});

sweepTest("corral sweep refuses values it does not know", async (node) => {
  for (
    const args of [["--on-orphan", "leave"], ["--escapees", ""], ["--strikes", "0"], ["--strikes", "x"], [
      "job",
    ]]
  ) {
    assert.equal(await node.corral("sweep", ...args), EXIT.USAGE, args.join(" "));
  }
  assert.match(node.said[0]!, /--on-orphan: "leave" is none of kill, keep/);
});

const PEAKS = { anonBytes: 9000, fileBytes: 20, shmemBytes: null, slabBytes: 4 };

Deno.test("corral sweep collects what a supervisor that was killed had sampled, with what the cgroup kept", async () => {
  using node = new FakeNode();
  const files = { "memory.stat": "anon 0\nfile 700\nshmem 0\nslab 0\n", "cpu.stat": "usage_usec 33\n" };
  orphan(node, { ...EMPTY, ...files });
  node.proc.remove(LEADER_PID);
  node.stores.open().saveSampled(JOB_ID, { samples: risingSamples(4), peaks: PEAKS });
  assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended" && phase.usage !== null);
  const { cpuUsageUsec, memoryAnonPeakBytes, memoryFilePeakBytes, wallMs } = phase.usage;
  assert.deepEqual([cpuUsageUsec, memoryAnonPeakBytes, memoryFilePeakBytes, wallMs], [33, 9000, 700, null]);
  assert.deepEqual(node.stores.open().sampled(JOB_ID).samples, risingSamples(4));
});

Deno.test("corral sweep of a job that was lost with its cgroup keeps what was sampled of it", async () => {
  using node = new FakeNode();
  orphan(node);
  node.proc.remove(LEADER_PID);
  node.cgroups.vanish(JOB_PATH);
  node.stores.open().saveSampled(JOB_ID, { samples: risingSamples(4), peaks: PEAKS });
  assert.equal(await node.corral("sweep", "--quiet"), EXIT.DONE);
  const { phase } = node.recorded();
  assert.ok(phase.state === "ended");
  assert.deepEqual([phase.usage?.memoryAnonPeakBytes, phase.usage?.cpuUsageUsec], [9000, null]);
  assert.equal(node.stores.open().sampled(JOB_ID).samples.length, 4);
});
