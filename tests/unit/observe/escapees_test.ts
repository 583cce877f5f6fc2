import assert from "node:assert/strict";
import { endEscapees } from "../../../src/act/end/end_escapees.ts";
import { escapeeFinding, findEscapees, isEndable } from "../../../src/observe/escapees.ts";
import { Child } from "../../kit/fakes/child.ts";
import { JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { endedPhase, JOB_ID } from "../../kit/fakes/job.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { type FakeProcess, NO_PID } from "../../kit/fakes/proc_dir.ts";

const PID = NO_PID + 9;
const MARK = `CORRAL_JOB_ID=${JOB_ID}`;

/** Pids of the escapees on a node with a job that runs and one process more. */
async function found(process: FakeProcess, node = new FakeNode(), start = () => node.start()) {
  using _node = node;
  const job = start();
  node.addProcess(PID, { environ: ["A=b", MARK], cgroup: "/session.scope", ...process });
  const escapees = await findEscapees(node.context, node.stores.open("sweep"));
  for (const escapee of escapees) assert.equal(escapee.job.spec.id, job.spec.id);
  return escapees;
}

Deno.test("findEscapees() finds what bears a job's mark outside of every job's cgroup", async () => {
  const [escapee] = await found({ name: "con\x1bmon" });
  assert.deepEqual(escapee?.process.pid, PID);
  const { message, key, id, pid } = escapeeFinding(escapee!);
  assert.equal(
    message,
    `process ${PID} "con\\x1bmon" is in /session.scope and bears the mark of job ${JOB_ID}`,
  );
  assert.deepEqual([id, pid], [JOB_ID, PID]);
  assert.match(key, /^escapee 5000009 900100 /);
});

Deno.test("findEscapees() leaves out what is in a job, a supervisor of one, and what has no mark of this store", async () => {
  const innocent: FakeProcess[] = [
    { cgroup: `${JOB_PATH}/nested` },
    { cgroup: "/corral.slice/corral-zzzzzz.slice/corral-zzzzzz.scope" },
    { cgroup: "/corral.slice/corral-zzzzzz-supervisor.scope" },
    { environ: [] },
    { environ: ["CORRAL_JOB_ID=zzzzzz"] },
    { environ: [`X${MARK}`] },
    { environ: ["CORRAL_JOB_ID=../etc"] },
  ];
  for (const process of innocent) assert.deepEqual(await found(process), [], JSON.stringify(process));
});

Deno.test("findEscapees() leaves out services: their manager may have given them the mark", async () => {
  const services = [
    "/system.slice/cron.service",
    "/system.slice/docker.service/nested/deep",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/app.service",
    "/user.slice/user-1000.slice/user@1000.service",
  ];
  for (const cgroup of services) assert.deepEqual(await found({ cgroup }), [], cgroup);
  const [escapee] = await found({
    cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice/run-u7.scope",
  });
  assert.equal(escapee?.isMarkHandedOn, false);
});

Deno.test("findEscapees() reports what a service without the mark has started with it, and lets none of it be ended", async () => {
  const cgroup = "/system.slice/atd.service";
  const node = new FakeNode();
  node.addProcess(PID + 1, { environ: ["A=b"], cgroup });
  const [escapee] = await found({ cgroup, ppid: PID + 1 }, node);
  assert.equal(escapee?.process.pid, PID);
  assert.equal(isEndable({ ...escapee!, job: { ...escapee!.job, phase: endedPhase() } }), false);
  const marked = new FakeNode();
  marked.addProcess(PID + 1, { environ: [MARK], cgroup });
  assert.deepEqual(await found({ cgroup, ppid: PID + 1 }, marked), []);
});

Deno.test("findEscapees() lets none be ended whose mark a service bears too", async () => {
  const node = new FakeNode();
  node.addProcess(PID + 1, { environ: [MARK], cgroup: "/system.slice/later.service" });
  const [escapee, ...others] = await found({}, node);
  assert.deepEqual(others, []);
  const over = { ...escapee!, job: { ...escapee!.job, phase: endedPhase() } };
  assert.equal(isEndable(over), false);
  assert.equal(isEndable({ ...over, isMarkHandedOn: false }), true);
});

Deno.test("findEscapees() leaves out what is older than its job, or of another boot", async () => {
  assert.deepEqual(await found({ startTicks: 890_000 }), []);
  assert.equal((await found({ startTicks: 900_150 })).length, 1);
  const node = new FakeNode();
  const earlier = () =>
    node.start({ watch: { supervisor: { pid: 4700, startTicks: 900_000, bootId: "an earlier boot" } } });
  assert.deepEqual(await found({}, node, earlier), []);
});

Deno.test("findEscapees() leaves out what waits at the gate of a launch", async () => {
  const node = new FakeNode();
  assert.deepEqual(await found({}, node, () => node.startStarting()), []);
});

Deno.test("isEndable() holds for the job's own user once the job is over, and never before", async () => {
  const [living] = await found({});
  assert.equal(isEndable(living!), false);
  const over = { ...living!, job: { ...living!.job, phase: endedPhase() } };
  assert.equal(isEndable(over), true);
  assert.equal(isEndable({ ...over, isOfJobsUser: false }), false);
  assert.match(escapeeFinding(over).message, /, which is over$/);
});

Deno.test("findEscapees() leaves out corral itself, and what was moved into its job while it was looked at", async () => {
  using itself = new FakeNode();
  itself.start();
  itself.addProcess(Deno.pid, { environ: [MARK], cgroup: "/session.scope" });
  assert.deepEqual(await findEscapees(itself.context, itself.stores.open("sweep")), []);
  const node = new FakeNode();
  const { procs } = node.proc;
  const look = procs.cgroupPathIfShown.bind(procs);
  procs.cgroupPathIfShown = (pid) => {
    const path = look(pid);
    if (pid === PID) node.proc.write(`${pid}/cgroup`, `0::${JOB_PATH}\n`);
    return path;
  };
  assert.deepEqual(await found({}, node), []);
});

const CHANGES: Record<string, FakeProcess> = {
  "what has become another process": { environ: ["CORRAL_JOB_ID=zzzzzz"] },
  "what is in a job by now": { cgroup: JOB_PATH },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test({
    name: `endEscapees() ends what is still one, and leaves alone ${what}`,
    // The C library stays open for the life of the process.
    sanitizeResources: false,
    async fn() {
      await using child = new Child("exec sleep 1000");
      using node = new FakeNode();
      const job = node.start();
      const process = { environ: [MARK], cgroup: "/session.scope" };
      node.addProcess(child.pid, { ...process, ...change });
      const escapee = {
        process: { pid: child.pid, startTicks: 900_100, bootId: node.context.clock.bootId() },
        ...{ job, isOfJobsUser: true, name: "sleep", cgroupPath: "/session.scope" },
      };
      const end = async () =>
        (await endEscapees(node.context, [escapee], node.context.settings.graceMs)).map(({ ended }) => ended);
      assert.deepEqual(await end(), ["changed"]);
      node.addProcess(child.pid, process);
      assert.deepEqual(await end(), ["term"]);
      assert.equal(await child.signal, "SIGTERM");
    },
  });
}
