import assert from "node:assert/strict";
import { everybodysJobs } from "../../../src/observe/everybody.ts";
import { isUsersCgroup, usersWithJobs } from "../../../src/observe/users.ts";
import { hostClock } from "../../../src/linux/clock.ts";
import { noJobs } from "../../../src/store/gathered_store.ts";
import { CgroupDir } from "../../kit/fakes/cgroup_dir.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

const OWN_UID = Deno.uid()!;
const NOBODY = { uids: [], leftOut: 0 };

/** A directory for users' stores: tests cannot make another user's, so this process's own number stands for a user. */
function usersDir(temp: TempDir, ...names: string[]): string {
  for (const name of names) Deno.mkdirSync(`${temp.path}/${name}`);
  return temp.path;
}

Deno.test("usersWithJobs() asks no user under a number that another user has taken", () => {
  using temp = new TempDir();
  using cgroups = new CgroupDir();
  const dir = usersDir(temp, "4711", "00", "1e3", "root", "-1", "4294967295x");
  Deno.writeTextFileSync(`${dir}/4712`, "");
  assert.deepEqual(usersWithJobs(dir, cgroups.fs), NOBODY);
  assert.deepEqual(usersWithJobs(`${dir}/none`, cgroups.fs), NOBODY);
});

Deno.test("usersWithJobs() finds those who have jobs under a manager of systemd, each once and first", () => {
  using temp = new TempDir();
  using cgroups = new CgroupDir();
  for (const uid of ["2000", "1000"]) {
    cgroups.add(`/user.slice/user-${uid}.slice/user@${uid}.service/corral.slice`);
  }
  cgroups.add("/user.slice/user-3000.slice/user@3000.service");
  cgroups.add("/user.slice/user-4000.slice/user@4001.service/corral.slice");
  assert.deepEqual(usersWithJobs(usersDir(temp), cgroups.fs), { uids: [1000, 2000], leftOut: 0 });
});

Deno.test("isUsersCgroup() is true for a cgroup of the user's own, and for no other path", () => {
  using cgroups = new CgroupDir();
  cgroups.add("/corral/7k2m9q");
  assert.equal(isUsersCgroup(cgroups.fs, "/corral/7k2m9q", OWN_UID), true);
  assert.equal(isUsersCgroup(cgroups.fs, "/corral/7k2m9q", OWN_UID + 1), false);
  for (const path of ["/corral/none", "/corral/../corral/7k2m9q", "", "corral/7k2m9q"]) {
    assert.equal(isUsersCgroup(cgroups.fs, path, OWN_UID), false, path);
  }
});

Deno.test("everybodysJobs() says in one line whom the name services do not know, however many", async () => {
  using cgroups = new CgroupDir();
  const said: string[] = [];
  const asked: (readonly string[])[] = [];
  const node = {
    cgroups: () => cgroups.fs,
    run: (argv: readonly string[]) => {
      asked.push(argv);
      return Promise.resolve({ code: 2, stdout: "1:x:7:7::/:/bin/sh\n", stderr: "" });
    },
    clock: hostClock("/proc"),
    self: { path: "/usr/bin/corral", args: [], settingsEnv: {} },
  };
  const uids = Array.from({ length: 2_500 }, (_, index) => 100_000 + index);
  const store = await everybodysJobs(node, noJobs("ps"), {
    jobs: { which: "live" },
    uids,
    usersDir: null,
    onProblem: (line) => said.push(line),
  });
  assert.deepEqual(store.live(), []);
  assert.deepEqual(said, [
    "jobs of uid 100000, 100001, 100002, 100003, 100004, 100005, 100006, 100007 and 2492 more are left out: " +
    "the name services do not know those users",
  ]);
  assert.deepEqual(asked.map(({ length }) => length), [1_002, 1_002, 502]);
});
