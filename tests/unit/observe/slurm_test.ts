import assert from "node:assert/strict";
import { slurmHere } from "../../../src/observe/slurm.ts";
import { FakeNode } from "../../kit/fakes/node.ts";
import type { FakeProcess } from "../../kit/fakes/proc_dir.ts";

const SHELL_PID = 5_000_011;
const STEPD_PID = 5_000_010;
const IN_SLURMD = "/system.slice/slurmd.service";
const TITLE = ["slurmstepd: [42.batch]"];

/** corral, called by the shell of a batch script; what is above that is the test's. */
function fill(node: FakeNode, cgroup: string, above: FakeProcess): void {
  node.addProcess(Deno.pid, { ppid: SHELL_PID, cgroup });
  node.addProcess(SHELL_PID, { ppid: STEPD_PID, cgroup, name: "slurm_script" });
  node.addProcess(STEPD_PID, { uid: 0, name: "slurmstepd", command: TITLE, cgroup: IN_SLURMD, ...above });
}

Deno.test("slurmHere() knows the job by the slurmstepd above where no cgroup tells it", async () => {
  using node = new FakeNode();
  fill(node, IN_SLURMD, {});
  node.env = { SLURM_JOB_ID: "77", SLURM_RESTART_COUNT: "2" };
  const here = await slurmHere(node.context);
  assert.deepEqual(here?.job, { job: 42, step: "batch", restarts: 2 });
  assert.equal(here?.stepd?.pid, STEPD_PID);
  assert.equal(here?.hasCgroup, false);
});

Deno.test("slurmHere() goes by the cgroup of the step, and says that there is one to leave", async () => {
  using node = new FakeNode();
  const cgroup = "/system.slice/n1_slurmstepd.scope/job_43/step_0/user/task_0";
  fill(node, cgroup, { command: ["slurmstepd: [43.0]"], cgroup: "/system.slice/n1_slurmstepd.scope/system" });
  node.env = { SLURM_RESTART_COUNT: "many" };
  const here = await slurmHere(node.context);
  assert.deepEqual(here?.job, { job: 43, step: "0", restarts: 0 });
  assert.equal(here?.hasCgroup, true);
});

Deno.test("slurmHere() believes neither the environment nor a user's process that calls itself slurmstepd", async () => {
  using node = new FakeNode();
  fill(node, "/user.slice/user-1000.slice/session-1.scope", { uid: 1000 });
  node.env = { SLURM_JOB_ID: "42", SLURM_JOBID: "42" };
  assert.equal(await slurmHere(node.context), null);
});
