import assert from "node:assert/strict";
import { jobOfCgroup, jobOfSupervisorScope } from "../../../src/job/names.ts";

Deno.test("jobOfCgroup() knows a job's cgroup and everything below it, in whatever manager", () => {
  for (
    const path of [
      "/corral.slice/corral-7k2m9q.slice",
      "/corral.slice/corral-7k2m9q.slice/corral-7k2m9q.scope",
      "/user.slice/user-1000.slice/user@1000.service/corral.slice/corral-7k2m9q.slice/corral-7k2m9q.scope",
      "/corral/7k2m9q",
      "/corral/7k2m9q/nested/deeper",
      "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope/corral/7k2m9q",
      "/../../corral/7k2m9q",
    ]
  ) assert.equal(jobOfCgroup(path), "7k2m9q", path);
});

Deno.test("jobOfCgroup() of a job in a job is the inner one", () => {
  assert.equal(
    jobOfCgroup("/corral.slice/corral-7k2m9q.slice/corral-7k2m9q.scope/corral/abcdef/x"),
    "abcdef",
  );
});

Deno.test("jobOfCgroup() takes no other path for a job's", () => {
  for (
    const path of [
      null,
      "",
      "/",
      "/corral",
      "/corral.slice",
      "/corral/7k2m9",
      "/corral/7k2m9qx",
      "/corral/7k2m9o",
      "/corral.slice/7k2m9q",
      "/corral.slice/corral-7k2m9q.scope",
      "/corral.slice/corral-7k2m9q-supervisor.scope",
      "/corral/corral-7k2m9q.slice",
      "/system.slice/corral-7k2m9q.slice",
      "/xcorral/7k2m9q",
      "/corral.slice/x/corral-7k2m9q.slice",
    ]
  ) assert.equal(jobOfCgroup(path), null, String(path));
});

Deno.test("jobOfSupervisorScope() knows the scope of a detached supervisor and no other", () => {
  assert.equal(jobOfSupervisorScope("/corral.slice/corral-7k2m9q-supervisor.scope"), "7k2m9q");
  const user = "/user.slice/user-1000.slice/user@1000.service";
  assert.equal(jobOfSupervisorScope(`${user}/corral.slice/corral-7k2m9q-supervisor.scope`), "7k2m9q");
  for (
    const path of [
      null,
      "/corral.slice/corral-7k2m9q.slice",
      "/system.slice/corral-7k2m9q-supervisor.scope",
      "/corral.slice/corral-7k2m9-supervisor.scope",
    ]
  ) assert.equal(jobOfSupervisorScope(path), null, String(path));
});

Deno.test("jobOfSupervisorScope() knows the cgroup of a guard, which is no job's", () => {
  for (
    const path of [
      "/corral.slice/corral-guard-7k2m9q.scope",
      "/corral/guard-7k2m9q",
      "/x/corral/guard-7k2m9q",
    ]
  ) {
    assert.equal(jobOfSupervisorScope(path), "7k2m9q", path);
    assert.equal(jobOfCgroup(path), null, path);
  }
  for (
    const path of ["/corral/guards-leaving", "/corral/guard-x", "/corral.slice/corral-guard-7k2m9q.slice"]
  ) {
    assert.equal(jobOfSupervisorScope(path), null, path);
  }
});
