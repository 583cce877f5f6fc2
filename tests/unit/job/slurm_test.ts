import assert from "node:assert/strict";
import {
  isInSlurmCgroup,
  slurmNumber,
  slurmStepOfCgroups,
  slurmStepOfTitle,
} from "../../../src/job/slurm.ts";

const STEPS: readonly [what: string, cgroups: string, expected: [number, string | null] | null][] = [
  ["cgroup/v2 as Debian builds it", "0::/system.slice/n1_slurmstepd.scope/job_12/step_batch/user/task_0", [
    12,
    "batch",
  ]],
  ["cgroup/v2 of others", "0::/system.slice/slurmstepd.scope/job_12/step_0/user/task_0", [12, "0"]],
  ["a corral job in the step", "0::/system.slice/slurmstepd.scope/job_12/step_0/user/task_0/corral/abc123", [
    12,
    "0",
  ]],
  ["the job's own", "0::/system.slice/n1_slurmstepd.scope/job_7", [7, null]],
  ["cgroup/v1", "4:memory:/slurm/uid_1000/job_3/step_1/task_0\n0::/\n", [3, "1"]],
  ["cgroup/v1, several daemons", "4:memory:/slurm_n1/uid_1000/job_3/step_extern\n0::/", [3, "extern"]],
  ["no step of a job", "0::/system.slice/n1_slurmstepd.scope/system", null],
  ["slurmd itself", "0::/system.slice/slurmd.service", null],
  [
    "what a user has made",
    "0::/user.slice/user-1000.slice/user@1000.service/slurmstepd.scope/job_9/step_0",
    null,
  ],
  ["an impossible number", "0::/system.slice/slurmstepd.scope/job_99999999999/step_0", null],
  ["a name that only begins so", "0::/system.slice/slurmstepd.scope/job_9x/step_0", null],
  ["nothing", "", null],
];

for (const [what, cgroups, expected] of STEPS) {
  Deno.test(`slurmStepOfCgroups(): ${what}`, () => {
    const step = expected === null ? null : { job: expected[0], step: expected[1] };
    assert.deepEqual(slurmStepOfCgroups(cgroups), step);
  });
}

Deno.test("isInSlurmCgroup() is true for whatever lies in Slurm's scope, and below user.slice never", () => {
  assert.equal(isInSlurmCgroup("0::/system.slice/n1_slurmstepd.scope/system"), true);
  assert.equal(isInSlurmCgroup("0::/system.slice/slurmstepd.scope"), true);
  assert.equal(isInSlurmCgroup("0::/system.slice/slurmd.service"), false);
  assert.equal(isInSlurmCgroup("0::/user.slice/slurmstepd.scope/job_1"), false);
});

Deno.test("slurmStepOfTitle() reads the title of a slurmstepd, and nothing else", () => {
  assert.deepEqual(slurmStepOfTitle("slurmstepd: [42.batch]"), { job: 42, step: "batch" });
  assert.deepEqual(slurmStepOfTitle("slurmstepd: [42.0]"), { job: 42, step: "0" });
  for (const title of ["/usr/sbin/slurmstepd infinity", "sh slurmstepd: [42.0]", "slurmstepd: [x.0]"]) {
    assert.equal(slurmStepOfTitle(title), null, title);
  }
});

Deno.test("slurmNumber() takes whole numbers of 32 bits alone", () => {
  assert.equal(slurmNumber("4294967295"), 4_294_967_295);
  for (const text of ["4294967296", "-1", "1.5", "1e3", "0x1", " 1", "1\n", "", undefined]) {
    assert.equal(slurmNumber(text), null, JSON.stringify(text));
  }
});
