import assert from "node:assert/strict";
import { CgroupFs, OwnedCgroup } from "../../../src/cgroup/file.ts";
import { CgroupError, CgroupGoneError } from "../../../src/base/errors.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { JOB_ID } from "../../kit/fakes/job.ts";

const SLICE_PATH = `/corral.slice/corral-${JOB_ID}.slice`;

function assertNotOwned(fs: CgroupFs, record: { path: string; inode: number }, why: RegExp): void {
  assert.throws(
    () => fs.own(record, JOB_ID),
    (error: unknown) => error instanceof CgroupError && why.test(error.message),
    record.path,
  );
}

Deno.test("CgroupFs.own() gives the right to a job's own cgroup, of either backend, at any depth", () => {
  using dir = new CgroupDir("/corral-other");
  const user = "/user.slice/user-1000.slice/user@1000.service";
  for (const path of [JOB_PATH, SLICE_PATH, `/delegated/deep${JOB_PATH}`, user + SLICE_PATH]) {
    const record = dir.add(path);
    assert.ok(dir.fs.isOwn(record, JOB_ID), path);
    assert.equal(dir.fs.own(record, JOB_ID).path, path);
  }
});

Deno.test("CgroupFs.own() refuses every path that does not bear the job's name", () => {
  using dir = new CgroupDir();
  const others = [
    "/corral",
    "/corral/aaaaaa",
    "/corral.slice",
    "/corral.slice/corral-aaaaaa.slice",
    `${JOB_PATH}/inner`,
    `/notcorral/${JOB_ID}`,
    `/xcorral/${JOB_ID}`,
    `/other.slice/corral-${JOB_ID}.slice`,
    `/corral/x${JOB_ID}`,
    `${SLICE_PATH}/corral-${JOB_ID}.scope`,
  ];
  for (const path of others) {
    const record = dir.add(path);
    assertNotOwned(dir.fs, record, /does not bear the name of job 7k2m9q/);
    assert.ok(!dir.fs.isOwn(record, JOB_ID), path);
  }
});

Deno.test("CgroupFs.own() refuses the root and every path that is not plain", () => {
  using dir = new CgroupDir();
  const { inode } = dir.add(JOB_PATH);
  dir.add(`/a${JOB_PATH}`);
  dir.add(`/new\nline${JOB_PATH}`);
  const paths = [
    "",
    "/",
    ".",
    `corral/${JOB_ID}`,
    `/a/..${JOB_PATH}`,
    `/.${JOB_PATH}`,
    `/${JOB_PATH}`,
    `/corral//${JOB_ID}`,
    `${JOB_PATH}/`,
    `${JOB_PATH}/.`,
    `${JOB_PATH}/x/..`,
    `/\0${JOB_PATH}`,
  ];
  for (const path of paths) assertNotOwned(dir.fs, { path, inode }, /does not bear the name/);
  const inLine = Deno.lstatSync(`${dir.mount}/new\nline${JOB_PATH}`).ino!;
  assertNotOwned(dir.fs, { path: `/new\nline${JOB_PATH}`, inode: inLine }, /does not bear the name/);
});

Deno.test("CgroupFs.own() refuses a cgroup that was made anew under the same name", () => {
  using dir = new CgroupDir();
  const record = dir.add(JOB_PATH);
  assertNotOwned(dir.fs, { ...record, inode: record.inode + 1 }, /not the cgroup that was made for this job/);
});

Deno.test("CgroupFs.own() tells a cgroup that is gone from a foreign one", () => {
  using dir = new CgroupDir();
  const record = dir.add(JOB_PATH);
  const owned = dir.fs.own(record, JOB_ID);
  dir.vanish(JOB_PATH);
  assert.throws(() => dir.fs.own(record, JOB_ID), CgroupGoneError);
  assert.throws(() => owned.write("cgroup.freeze", "1"), CgroupGoneError);
  const { inode } = dir.add(JOB_PATH);
  const isForeign = (error: unknown) => error instanceof CgroupError && !(error instanceof CgroupGoneError);
  assert.throws(() => dir.fs.own({ ...record, inode: inode + 1 }, JOB_ID), isForeign);
});

Deno.test("CgroupFs.own() refuses a symbolic link and a file", () => {
  using dir = new CgroupDir();
  const { inode } = dir.add("/corral/aaaaaa");
  Deno.symlinkSync(`${dir.mount}/corral/aaaaaa`, dir.mount + JOB_PATH);
  assertNotOwned(dir.fs, { path: JOB_PATH, inode }, /not the cgroup/);
  assert.equal(dir.fs.inode(JOB_PATH), null);
  Deno.removeSync(dir.mount + JOB_PATH);
  Deno.writeTextFileSync(dir.mount + JOB_PATH, "");
  const fileInode = Deno.lstatSync(dir.mount + JOB_PATH).ino!;
  assertNotOwned(dir.fs, { path: JOB_PATH, inode: fileInode }, /not the cgroup/);
});

Deno.test("CgroupFs.own() refuses the cgroup that corral is in, and those around it", () => {
  for (const ownPath of [JOB_PATH, `${JOB_PATH}/inner`, `${JOB_PATH}/inner/corral/aaaaaa`]) {
    using dir = new CgroupDir(ownPath);
    assertNotOwned(dir.fs, dir.add(JOB_PATH), /corral itself is in it/);
  }
});

Deno.test("CgroupFs.own() allows a cgroup beside and below corral's own", () => {
  for (const ownPath of ["/", `${JOB_PATH}x`, "/corral", "/corral/aaaaaa"]) {
    using dir = new CgroupDir(ownPath);
    assert.ok(dir.fs.own(dir.add(JOB_PATH), JOB_ID) instanceof OwnedCgroup, ownPath);
  }
});

Deno.test("CgroupFs.locate() stays beneath the mount", () => {
  const fs = new CgroupFs("/mnt/cg", "/");
  assert.equal(fs.locate("/"), "/mnt/cg");
  assert.equal(fs.locate("/", "cgroup.procs"), "/mnt/cg/cgroup.procs");
  assert.equal(fs.locate("/a/b", "cpu.stat"), "/mnt/cg/a/b/cpu.stat");
  for (const path of ["", "a", "..", "/..", "/../x", "/a/../../x", "/a/", "//", "/a//b", "/./a", "/a\0b"]) {
    assert.throws(() => fs.locate(path), CgroupError, JSON.stringify(path));
  }
  for (const file of ["../cgroup.procs", "b/cgroup.procs", "/etc/passwd"]) {
    assert.throws(() => fs.locate("/a", file), CgroupError, file);
  }
});

Deno.test("CgroupFs.read() names the file that is missing, readOptional() gives null for it", () => {
  using dir = new CgroupDir();
  dir.add(JOB_PATH);
  assert.throws(
    () => dir.fs.read(JOB_PATH, "memory.peak"),
    (error: unknown) =>
      error instanceof CgroupError && error.path === `${dir.mount}${JOB_PATH}/memory.peak` &&
      error.cause instanceof Deno.errors.NotFound,
  );
  assert.equal(dir.fs.readOptional(JOB_PATH, "memory.peak"), null);
  assert.equal(dir.fs.readOptional("/corral/aaaaaa", "memory.peak"), null);
  assert.equal(dir.fs.read(JOB_PATH, "cgroup.freeze"), "0\n");
});

Deno.test("CgroupFs.readOptional() passes on every other error", () => {
  using dir = new CgroupDir();
  Deno.mkdirSync(`${dir.mount}/a/memory.peak`, { recursive: true });
  assert.throws(() => dir.fs.readOptional("/a", "memory.peak"), CgroupError);
  dir.put("/a", "plain", "");
  assert.throws(() => dir.fs.readOptional("/a/plain", "memory.peak"), CgroupError);
});

Deno.test("CgroupFs lists children and controllers, none of a cgroup that has vanished", () => {
  using dir = new CgroupDir();
  dir.add("/a", { "cgroup.controllers": "cpu memory pids\n" });
  dir.add("/a/b");
  dir.add("/a/c", { "cgroup.controllers": "\n" });
  assert.deepEqual(dir.fs.children("/a").sort(), ["b", "c"]);
  assert.deepEqual(dir.fs.children("/gone"), []);
  assert.deepEqual([...dir.fs.controllers("/a")], ["cpu", "memory", "pids"]);
  assert.equal(dir.fs.controllers("/a/c").size, 0);
  assert.equal(dir.fs.controllers("/gone").size, 0);
  assert.ok(dir.fs.offers("/a", "cgroup.kill"));
  assert.ok(!dir.fs.offers("/a", "memory.max"));
});

Deno.test("OwnedCgroup.write() changes the job's own file and creates none", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  cgroup.write("cgroup.freeze", "1");
  assert.equal(dir.text(JOB_PATH, "cgroup.freeze"), "1");
  assert.throws(() => cgroup.write("memory.max", "1"), /memory\.max: cannot write "1"/);
  assert.ok(!dir.fs.offers(JOB_PATH, "memory.max"));
  assert.equal(cgroup.writeOptional("memory.max", "1"), false);
  assert.equal(cgroup.writeOptional("cgroup.kill", "1"), true);
  assert.equal(dir.text(JOB_PATH, "cgroup.kill"), "1");
});

Deno.test("OwnedCgroup.write() touches nothing once the cgroup has been replaced", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  Deno.renameSync(dir.mount + JOB_PATH, `${dir.mount}/corral/moved`);
  assert.throws(() => cgroup.write("cgroup.kill", "1"), /the job's cgroup is gone/);
  dir.add(JOB_PATH);
  assert.throws(() => cgroup.write("cgroup.kill", "1"), /the job's cgroup is gone/);
  assert.equal(dir.text(JOB_PATH, "cgroup.kill"), "");
  assert.ok(!cgroup.exists());
});

Deno.test("OwnedCgroup.write() never reaches outside", () => {
  using dir = new CgroupDir();
  dir.add("/corral/aaaaaa");
  const cgroup = dir.own();
  assert.throws(() => cgroup.write("../aaaaaa/cgroup.kill", "1"), CgroupError);
  assert.throws(() => cgroup.writeOptional("../aaaaaa/cgroup.kill", "1"), CgroupError);
  assert.throws(() => cgroup.read("../aaaaaa/cgroup.kill"), CgroupError);
  assert.equal(dir.text("/corral/aaaaaa", "cgroup.kill"), "");
});

Deno.test("OwnedCgroup.moveIn() writes to the job's cgroup.procs or its child's, and nowhere else", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  dir.add(`${JOB_PATH}/job.scope`);
  assert.ok(cgroup.moveIn(4711));
  assert.ok(cgroup.moveIn(4712, "job.scope"));
  assert.equal(dir.text(JOB_PATH, "cgroup.procs"), "4711");
  assert.equal(dir.text(`${JOB_PATH}/job.scope`, "cgroup.procs"), "4712");
  for (const below of ["..", "job.scope/..", "missing"]) {
    assert.throws(() => cgroup.moveIn(4711, below), CgroupError, below);
  }
  for (const pid of [0, 1, -1, 1.5, NaN]) assert.throws(() => cgroup.moveIn(pid), RangeError, String(pid));
});

Deno.test("OwnedCgroup.moveIn() moves nobody into a cgroup that is not the job's any more", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  Deno.renameSync(dir.mount + JOB_PATH, `${dir.mount}/corral/moved`);
  dir.add(JOB_PATH);
  assert.throws(() => cgroup.moveIn(4711), /the job's cgroup is gone/);
  assert.equal(dir.text(JOB_PATH, "cgroup.procs"), "");
});

Deno.test("OwnedCgroup.pids() and paths() cover nested cgroups, children first", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own({ "cgroup.procs": "11\n12\n" });
  dir.add(`${JOB_PATH}/a`, { "cgroup.procs": "13\n" });
  dir.add(`${JOB_PATH}/a/b c`, { "cgroup.procs": "14\n" });
  assert.deepEqual(cgroup.pids().sort(), [11, 12, 13, 14]);
  assert.deepEqual(cgroup.paths(), [`${JOB_PATH}/a/b c`, `${JOB_PATH}/a`, JOB_PATH]);
  dir.vanish(`${JOB_PATH}/a`);
  assert.deepEqual(cgroup.pids(), [11, 12]);
  dir.vanish(JOB_PATH);
  assert.deepEqual(cgroup.pids(), []);
});

Deno.test("OwnedCgroup.remove() leaves alone what is not the job's, and says true for what is gone", () => {
  using dir = new CgroupDir();
  const cgroup = dir.own();
  Deno.renameSync(dir.mount + JOB_PATH, `${dir.mount}/corral/moved`);
  assert.ok(cgroup.remove());
  Deno.mkdirSync(dir.mount + JOB_PATH);
  assert.ok(cgroup.remove());
  assert.notEqual(dir.fs.inode(JOB_PATH), null);
});

Deno.test("OwnedCgroup.remove() removes nested cgroups first", () => {
  using dir = new CgroupDir();
  // Without control files, as rmdir(2) of a real cgroup does not mind them.
  for (const path of [JOB_PATH, `${JOB_PATH}/a/b`, `${JOB_PATH}/c`]) {
    Deno.mkdirSync(dir.mount + path, { recursive: true });
  }
  const cgroup = dir.fs.own({ path: JOB_PATH, inode: dir.fs.inode(JOB_PATH)! }, JOB_ID);
  assert.ok(cgroup.remove());
  assert.equal(dir.fs.inode(JOB_PATH), null);
  assert.notEqual(dir.fs.inode("/corral"), null);
});

Deno.test("CgroupFs.hastenMove() names corral's own main thread to corral's own cgroup", async () => {
  using dir = new CgroupDir("/own");
  dir.add("/own", { "cgroup.threads": "" });
  await dir.fs.hastenMove();
  assert.equal(dir.text("/own", "cgroup.threads"), String(Deno.pid));
  assert.equal(dir.text("/own", "cgroup.procs"), "");
});

Deno.test("CgroupFs.hastenMove() gives way to every refusal, and makes no file", async () => {
  for (const ownPath of ["/own", "/gone", "/../outside"]) {
    using dir = new CgroupDir(ownPath);
    dir.add("/own");
    await dir.fs.hastenMove();
    assert.throws(() => dir.text("/own", "cgroup.threads"), Deno.errors.NotFound);
  }
});
