import assert from "node:assert/strict";
import {
  bearsName,
  jobOfCgroup,
  jobOfSupervisorScope,
  jobsOfCgroup,
  outerJobOf,
} from "../../../src/job/names.ts";

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

const IN_SLICE = "/corral.slice/corral-7k2m9q.slice/corral-7k2m9q-abcdef.slice";

Deno.test("jobsOfCgroup() of a job in a job gives both, outermost first, each with its own cgroup", () => {
  const idsOf = (path: string) => jobsOfCgroup(path).map(({ id }) => id);
  assert.deepEqual(jobsOfCgroup(`${IN_SLICE}/corral-abcdef.scope/x`), [
    { id: "7k2m9q", path: "/corral.slice/corral-7k2m9q.slice", backend: "systemd" },
    { id: "abcdef", path: IN_SLICE, backend: "systemd" },
  ]);
  assert.deepEqual(jobsOfCgroup("/top/corral/7k2m9q/corral/abcdef/job"), [
    { id: "7k2m9q", path: "/top/corral/7k2m9q", backend: "cgroupfs" },
    { id: "abcdef", path: "/top/corral/7k2m9q/corral/abcdef", backend: "cgroupfs" },
  ]);
  const third = `${IN_SLICE}/corral-7k2m9q-abcdef-gh2345.slice`;
  assert.deepEqual(idsOf(third), ["7k2m9q", "abcdef", "gh2345"]);
  assert.deepEqual(idsOf("/corral/7k2m9q/corral/abcdef/corral/gh2345"), ["7k2m9q", "abcdef", "gh2345"]);
  assert.equal(outerJobOf(third), "abcdef");
  assert.equal(outerJobOf(IN_SLICE), "7k2m9q");
  for (const path of [null, "/corral.slice/corral-7k2m9q.slice", "/corral/7k2m9q", "/"]) {
    assert.equal(outerJobOf(path), null, String(path));
  }
});

Deno.test("bearsName() takes the slice of a job in a job for that of the inner one alone, and only where it lies by its name", () => {
  assert.ok(bearsName(IN_SLICE, "abcdef"));
  assert.ok(bearsName("/corral/7k2m9q/corral/abcdef", "abcdef"));
  assert.ok(bearsName(`${IN_SLICE}/corral-7k2m9q-abcdef-gh2345.slice`, "gh2345"));
  for (
    const [path, id] of [
      [IN_SLICE, "7k2m9q"],
      [`${IN_SLICE}/corral-7k2m9q-abcdef-gh2345.slice`, "abcdef"],
      ["/corral/7k2m9q/corral/abcdef", "7k2m9q"],
      ["/corral/7k2m9q/abcdef", "abcdef"],
      ["/corral.slice/corral-7k2m9q-abcdef.slice", "abcdef"],
      ["/corral.slice/corral-gh2345.slice/corral-7k2m9q-abcdef.slice", "abcdef"],
      ["/corral.slice/corral-7k2m9q.slice/corral-abcdef.slice", "abcdef"],
      ["/corral.slice/corral-7k2m9q.slice/x/corral-7k2m9q-abcdef.slice", "abcdef"],
      ["/system.slice/corral-7k2m9q.slice/corral-7k2m9q-abcdef.slice", "abcdef"],
      ["/corral.slice/corral-abcdef.slice/corral-abcdef-abcdef.slice", "abcdef"],
      ["/corral.slice/corral-x.slice/corral-x-abcdef.slice", "abcdef"],
      [`${IN_SLICE}/corral-abcdef.scope`, "abcdef"],
      ["/corral.slice/corral-7k2m9q.slice/corral-7k2m9q--abcdef.slice", "abcdef"],
    ] as const
  ) assert.equal(bearsName(path, id), false, `${path} ${id}`);
});

Deno.test("jobOfSupervisorScope() knows the supervisor of a job in a job, which is the outer job's process", () => {
  const scope = "/corral.slice/corral-7k2m9q.slice/corral-abcdef-supervisor.scope";
  assert.equal(jobOfSupervisorScope(scope), "abcdef");
  assert.equal(jobOfCgroup(scope), "7k2m9q");
  assert.equal(jobOfSupervisorScope("/corral.slice/corral-7k2m9q.slice/corral-guard-abcdef.scope"), null);
  assert.equal(jobOfSupervisorScope("/x/corral-pool_a.slice/corral-abcdef-supervisor.scope"), null);
});
