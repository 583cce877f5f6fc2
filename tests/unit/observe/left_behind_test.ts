import assert from "node:assert/strict";
import { findLeftBehind, isLeftBehind } from "../../../src/observe/left_behind.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import { type FakeProcess, NO_PID } from "../../kit/fakes/proc_dir.ts";

const IN_SLURMD = "/system.slice/slurmd.service";
const IN_JOB = "/system.slice/n1_slurmstepd.scope/job_42/step_0/user/task_0";
const SLURM_42 = { job: 42, uid: 1000 };
const STEPD_PID = NO_PID + 10;
const environ = ["HOME=/home/alice", "SLURM_JOB_ID=42"];

const CASES: readonly [what: string, process: FakeProcess, expected: boolean][] = [
  ["an orphan in slurmd's cgroup with the number", { cgroup: IN_SLURMD, environ }, true],
  ["the older spelling", { cgroup: IN_SLURMD, environ: ["SLURM_JOBID=42"] }, true],
  ["in the cgroup of the job, without an environment", { cgroup: IN_JOB }, true],
  ["in the cgroup of another job, with the number", { cgroup: IN_JOB.replace("42", "43"), environ }, false],
  ["another job's number", { cgroup: IN_SLURMD, environ: ["SLURM_JOB_ID=43", "SLURM_JOBID=43"] }, false],
  ["a number that only begins so", { cgroup: IN_SLURMD, environ: ["SLURM_JOB_ID=421"] }, false],
  ["a variable that only ends so", { cgroup: IN_SLURMD, environ: ["OLD_SLURM_JOB_ID=42"] }, false],
  [
    "the shell of an salloc in a login",
    { cgroup: "/user.slice/user-1000.slice/session-1.scope", environ },
    false,
  ],
  ["another user's", { cgroup: IN_SLURMD, environ, uid: 1001 }, false],
  ["below a slurmstepd that lives", { cgroup: IN_SLURMD, environ, ppid: STEPD_PID }, false],
  ["a user does not spare it by a variable", {
    cgroup: IN_SLURMD,
    environ: [...environ, "SLURM_SCRIPT_CONTEXT=epilog_slurmd"],
  }, true],
  ["a zombie", { cgroup: IN_JOB, state: "Z" }, false],
];

for (const [what, process, expected] of CASES) {
  Deno.test(`isLeftBehind(): ${what}`, async () => {
    using node = new FakeNode();
    node.addProcess(Deno.pid, { cgroup: IN_SLURMD, uid: 0 });
    node.addProcess(STEPD_PID, { uid: 0, name: "slurmstepd" });
    node.addProcess(NO_PID, process);
    assert.equal(await isLeftBehind(node.context.procs, NO_PID, SLURM_42), expected);
  });
}

Deno.test("isLeftBehind() leaves other scripts of root's for a job of root's alone", async () => {
  using node = new FakeNode();
  node.addProcess(Deno.pid, { cgroup: IN_SLURMD, uid: 0 });
  node.addProcess(NO_PID, {
    cgroup: IN_SLURMD,
    uid: 0,
    environ: [...environ, "SLURM_SCRIPT_CONTEXT=epilog_slurmd"],
  });
  assert.equal(await isLeftBehind(node.context.procs, NO_PID, { job: 42, uid: 0 }), false);
});

Deno.test("isLeftBehind() goes by no environment at the root of the cgroups, where anything may be", async () => {
  using node = new FakeNode();
  node.addProcess(Deno.pid, { cgroup: "/", uid: 0 });
  node.addProcess(NO_PID, { cgroup: "/", environ });
  assert.equal(await isLeftBehind(node.context.procs, NO_PID, SLURM_42), false);
});

Deno.test("findLeftBehind() gives each with its identity", async () => {
  using node = new FakeNode();
  node.addProcess(Deno.pid, { cgroup: IN_SLURMD, uid: 0 });
  node.addProcess(NO_PID, { cgroup: IN_SLURMD, environ, startTicks: 7 });
  node.addProcess(NO_PID + 1, { cgroup: IN_SLURMD });
  const found = await findLeftBehind(node.context, SLURM_42);
  assert.deepEqual(found.map(({ pid, startTicks, name }) => [pid, startTicks, name]), [[NO_PID, 7, "sleep"]]);
});
