import assert from "node:assert/strict";
import { cgroupRecord, observeJob } from "../../../src/observe/job.ts";
import { JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { FakeNode, LEADER_PID, SUPERVISOR_PID } from "../../kit/fakes/node.ts";
import { BOOT_ID } from "../../kit/fakes/job.ts";
import { decide } from "../../../src/job/decide.ts";
import type { Job } from "../../../src/job/job.ts";
import type { Observation } from "../../../src/job/observation.ts";
import { Procs } from "../../../src/linux/proc.ts";

Deno.test("observeJob() of a job that runs undisturbed", () => {
  using node = new FakeNode();
  const job = node.start();
  assert.deepEqual(observeJob(node.context, job), {
    bootMs: node.bootMs,
    vantage: "here",
    sameBoot: true,
    cgroup: "populated",
    supervisor: "alive",
    leader: { alive: true },
    cpuTime: null,
    unhealthy: null,
    oomKills: 0,
    endRequest: null,
    onOrphan: "kill",
    outerEnded: false,
    killedByGuard: false,
    finishedByOwner: false,
    callerGone: false,
    supervisorAgeMs: node.bootMs - 900_000 * 10,
  });
});

Deno.test("observeJob() tells populated, empty, gone and foreign cgroups apart", () => {
  using node = new FakeNode();
  const job = node.start({ files: { "memory.events": "oom_kill 3\n" } });
  const seen = () => {
    const { cgroup, oomKills } = observeJob(node.context, job);
    return [cgroup, oomKills];
  };
  node.cgroups.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
  node.proc.remove(LEADER_PID);
  assert.deepEqual(seen(), ["empty", 3]);
  Deno.renameSync(node.cgroups.mount + JOB_PATH, `${node.cgroups.mount}/moved`);
  assert.deepEqual(seen(), ["gone", 0]);
  node.cgroups.add(JOB_PATH, { "memory.events": "oom_kill 9\n" });
  assert.deepEqual(seen(), ["foreign", 0]);
});

Deno.test("observeJob() knows supervisor and leader by more than their pids", () => {
  using node = new FakeNode();
  const job = node.start();
  const alive = () => {
    const { supervisor, leader } = observeJob(node.context, job);
    return [supervisor, leader.alive];
  };
  node.addProcess(SUPERVISOR_PID, { startTicks: 1 });
  assert.deepEqual(alive(), ["gone", true]);
  node.addProcess(LEADER_PID, { state: "Z" });
  assert.deepEqual(alive(), ["gone", false]);
  node.proc.remove(SUPERVISOR_PID);
  node.proc.remove(LEADER_PID);
  assert.deepEqual(alive(), ["gone", false]);
});

Deno.test("observeJob() after a reboot believes no pid and no cgroup", () => {
  using node = new FakeNode();
  const job = node.start({
    watch: { supervisor: { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: "an earlier boot" } },
    run: { cgroup: { path: JOB_PATH, inode: 1 } },
  });
  const { sameBoot, cgroup, supervisor, leader } = observeJob(node.context, job);
  assert.deepEqual([sameBoot, cgroup, supervisor, leader.alive], [false, "gone", "gone", false]);
});

Deno.test("observeJob() finds the cgroup of a launch cut short by its name", () => {
  using node = new FakeNode();
  const job = node.startStarting();
  const cgroup = () => observeJob(node.context, job).cgroup;
  assert.equal(cgroup(), "gone");
  node.cgroups.add(JOB_PATH);
  assert.equal(cgroup(), "populated");
});

Deno.test("observeJob() passes on what the observer wishes and knows", () => {
  using node = new FakeNode();
  const wishes = { endRequest: { skipGrace: true }, onOrphan: "keep", finishedByOwner: true } as const;
  const { endRequest, onOrphan, finishedByOwner } = observeJob(node.context, node.start(), wishes);
  assert.deepEqual({ endRequest, onOrphan, finishedByOwner }, wishes);
});

for (
  const [what, spec] of Object.entries({
    "an adopted job": { adopted: true },
    "--wait-all": { waitAll: true } as const,
  })
) {
  Deno.test(`observeJob() of ${what} takes it for alive as long as anything in its cgroup is`, () => {
    using node = new FakeNode();
    const job = node.start({ spec });
    const alive = () => observeJob(node.context, job).leader.alive;
    node.proc.remove(LEADER_PID);
    assert.equal(alive(), true);
    node.cgroups.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
    assert.equal(alive(), false);
  });
}

Deno.test("observeJob() at a moment that it is told sees the job at that moment", () => {
  using node = new FakeNode();
  const { bootMs, supervisorAgeMs } = observeJob(node.context, node.start(), { bootMs: 9_000_500 });
  assert.deepEqual([bootMs, supervisorAgeMs], [9_000_500, 500]);
});

Deno.test("observeJob() of a job in a job knows by record and cgroup whether that one has ended, and asks only once its own has", () => {
  for (
    const [outer, state, leader, ended] of [
      ["populated", "running", "gone", false],
      ["populated", "running", "alive", false],
      ["gone", "running", "alive", false],
      ["empty", "running", "gone", true],
      ["gone", null, "gone", true],
      ["populated", "ending", "gone", true],
      ["populated", "ended", "gone", true],
      ["populated", null, "gone", false],
    ] as const
  ) {
    using node = new FakeNode();
    const above = "/corral/aaaaaa";
    node.cgroups.add(above, { "cgroup.events": `populated ${outer === "populated" ? 1 : 0}\nfrozen 0\n` });
    const job = node.start({ run: { cgroup: node.cgroups.add(`${above}${JOB_PATH}`) } });
    if (outer === "gone") node.cgroups.vanish(above);
    if (leader === "gone") node.proc.remove(LEADER_PID);
    const phase = { state } as unknown as Job["phase"];
    const recorded = { get: (id: string) => id === "aaaaaa" && state !== null ? { ...job, phase } : null };
    const { outerEnded } = observeJob(node.context, job, { recorded });
    assert.equal(outerEnded, ended, `${outer} ${state} ${leader}`);
  }
});

Deno.test("cgroupRecord() of a job of an earlier boot that never ran is none, whatever bears its name now", () => {
  using node = new FakeNode();
  const job = node.startStarting({}, {
    supervisor: { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: "an earlier boot" },
  });
  const record = node.cgroups.add(JOB_PATH);
  assert.equal(cgroupRecord(node.context, job), null);
  const supervisor = { ...job.watch!.supervisor, bootId: node.context.clock.bootId() };
  const now = { ...job, watch: { ...job.watch!, supervisor } };
  assert.deepEqual(cgroupRecord(node.context, now), record);
});

/** As if this node's /proc belonged to that PID namespace. */
function inNamespace(node: FakeNode, inode: number): FakeNode["context"] {
  const procs = Object.create(node.context.procs, { pidNamespace: { value: inode } });
  return { ...node.context, procs };
}

Deno.test("observeJob() and decide() from another PID namespace: nothing is ended or recorded, whatever seems gone", () => {
  using node = new FakeNode();
  const supervisor = { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: BOOT_ID, pidNamespace: 1 };
  const job = node.start({ watch: { supervisor } });
  node.proc.remove(SUPERVISOR_PID);
  node.proc.remove(LEADER_PID);
  const look = (inode: number, endRequest: Observation["endRequest"] = null) =>
    decide(job, observeJob(inNamespace(node, inode), job, { endRequest }));
  assert.deepEqual(look(2), { do: "report", finding: "other-namespace" });
  assert.deepEqual(look(2, { skipGrace: true }), { do: "report", finding: "other-namespace" });
  assert.equal(look(1).do, "end");
  node.cgroups.vanish(JOB_PATH);
  assert.deepEqual(look(2), { do: "report", finding: "other-namespace" });
  assert.deepEqual(look(2, { skipGrace: true }), { do: "collect", reason: "lost", exit: null });
});

Deno.test("observeJob() and decide() under another boot id: a cgroup that is there is no reboot, and kill ends it", () => {
  using node = new FakeNode();
  const supervisor = { pid: SUPERVISOR_PID, startTicks: 900_000, bootId: "a container's", pidNamespace: 1 };
  const job = node.start({ watch: { supervisor } });
  const look = (endRequest: Observation["endRequest"] = null) =>
    decide(job, observeJob(inNamespace(node, 1), job, { endRequest }));
  assert.deepEqual(look(), { do: "report", finding: "other-boot" });
  assert.deepEqual(look({ skipGrace: false }), { do: "end", reason: "killed", exit: null, skipGrace: false });
  node.cgroups.vanish(JOB_PATH);
  assert.deepEqual(look(), { do: "report", finding: "other-boot" }, "its supervisor lives");
  node.proc.remove(SUPERVISOR_PID);
  assert.deepEqual(look(), { do: "collect", reason: "lost", exit: null });
});

Deno.test("observeJob() takes what hides itself for alive, and another user's process for no supervisor", () => {
  using node = new FakeNode();
  const job = node.start();
  node.proc.remove(SUPERVISOR_PID);
  node.proc.remove(LEADER_PID);
  const seen = (answer: "mine" | "refused" | "none") => {
    const procs = new Procs(node.context.procs.root, () => answer);
    const { supervisor, leader } = observeJob({ ...node.context, procs }, job);
    return [supervisor, leader.alive];
  };
  assert.deepEqual(seen("none"), ["gone", false]);
  assert.deepEqual(seen("mine"), ["alive", true]);
  assert.deepEqual(seen("refused"), ["gone", true]);
  node.cgroups.put(JOB_PATH, "cgroup.events", "populated 0\nfrozen 0\n");
  assert.deepEqual(seen("refused"), ["gone", false]);
});

Deno.test("observeJob() takes a first process whose main thread has ended for alive while others live", () => {
  using node = new FakeNode();
  const job = node.start();
  node.addProcess(LEADER_PID, { state: "Z", threads: 2 });
  assert.equal(observeJob(node.context, job).leader.alive, true);
  node.addProcess(LEADER_PID, { state: "Z", threads: 1 });
  assert.equal(observeJob(node.context, job).leader.alive, false);
});

Deno.test("observeJob() reads the CPU time of a job with a limit of it, and the cores that it can use", () => {
  using node = new FakeNode();
  node.proc.write("stat", "cpu  1\ncpu0 1\ncpu1 1\ncpu2 1\nintr 0\n");
  const job = node.start({ spec: { cpuTimeMs: 1_000 }, files: { "cpu.stat": "usage_usec 700000\n" } });
  const seen = () => observeJob(node.context, job).cpuTime;
  assert.deepEqual(seen(), { usedUsec: 700_000, cores: 3 }, "a hybrid node has this file alone");
  node.cgroups.put(JOB_PATH, "cpu.max", "max 100000\n");
  assert.deepEqual(seen(), { usedUsec: 700_000, cores: 3 });
  node.cgroups.put(JOB_PATH, "cpu.max", "50000 100000\n");
  assert.deepEqual(seen(), { usedUsec: 700_000, cores: 0.5 });
  node.cgroups.put(JOB_PATH, "cpu.max", "900000 100000\n");
  assert.deepEqual(seen()?.cores, 3);
  node.cgroups.take(JOB_PATH, "cpu.stat");
  assert.equal(seen(), null);
});
