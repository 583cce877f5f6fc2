/** Plain cgroups, on a kernel that gives every new directory its control files. */
import assert from "node:assert/strict";
import { Procs } from "../../../src/linux/proc.ts";
import { SetupError } from "../../../src/base/errors.ts";
import { CgroupfsBackend } from "../../../src/backend/cgroupfs_backend.ts";
import { NO_LIMITS } from "../../../src/job/job.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { Child } from "../../kit/fakes/child.ts";
import { JOB_ID, specOf } from "../../kit/fakes/job.ts";
import { QuickTime } from "../../kit/fakes/quick_time.ts";
import { testsOf } from "../../kit/fakes/tests_of.ts";

const PID = 4711;
const FILES = ["cgroup.procs", "cgroup.freeze", "cgroup.subtree_control", "memory.max", "pids.max"];

class Bench implements Disposable {
  readonly dir = new CgroupDir();
  readonly backend = new CgroupfsBackend(this.dir.fs, new Procs("/proc"), "");
  /** What was written below the mount, in its order. */
  readonly writes: string[] = [];
  readonly #mkdir = Deno.mkdirSync;
  readonly #write = Deno.writeTextFileSync;

  constructor() {
    const [mkdir, write] = [this.#mkdir, this.#write];
    Deno.mkdirSync = (path, options) => {
      mkdir(path, options);
      for (const file of FILES) write(`${path}/${file}`, "");
      write(`${path}/cgroup.controllers`, "cpuset cpu memory pids\n");
    };
    Deno.writeTextFileSync = (path, data, options) => {
      write(path, data, options);
      this.writes.push(`${String(path).slice(this.dir.mount.length)} ${data}`);
    };
  }

  [Symbol.dispose](): void {
    Deno.mkdirSync = this.#mkdir;
    Deno.writeTextFileSync = this.#write;
    this.dir[Symbol.dispose]();
  }
}

const LIMITS = { ...NO_LIMITS, memoryMaxBytes: 4096, pidsMax: 9 };

Deno.test("CgroupfsBackend.place() switches controllers on, sets the limits, and moves the process in last", async () => {
  using bench = new Bench();
  const cgroup = await bench.backend.place(specOf({ limits: LIMITS }), PID, null);
  assert.equal(cgroup.path, JOB_PATH);
  assert.deepEqual(bench.writes, [
    "/corral/cgroup.subtree_control +cpu +memory +pids",
    `${JOB_PATH}/memory.max 4096`,
    `${JOB_PATH}/pids.max 9`,
    `${JOB_PATH}/cgroup.subtree_control +cpu +memory +pids`,
    `${JOB_PATH}/job/cgroup.procs ${PID}`,
  ]);
  assert.deepEqual(bench.backend.find(JOB_ID), cgroup.record);
});

Deno.test("CgroupfsBackend.place() in a job makes that hand on its controllers, and the guard lie beside the outermost", async () => {
  using bench = new Bench();
  const outer = await bench.backend.place(specOf({ id: "aaaaaa" }), PID - 1, null);
  bench.writes.length = 0;
  const inner = new CgroupfsBackend(bench.dir.fs, new Procs("/proc"), outer.path);
  assert.deepEqual([...inner.controllers()], ["cpuset", "cpu", "memory", "pids"]);
  const cgroup = await inner.place(specOf({ limits: LIMITS }), PID, PID + 1);
  const path = `/corral/aaaaaa${JOB_PATH}`;
  assert.equal(cgroup.path, path);
  assert.deepEqual(bench.writes, [
    "/corral/aaaaaa/cgroup.subtree_control +cpu +memory +pids",
    "/corral/aaaaaa/corral/cgroup.subtree_control +cpu +memory +pids",
    `${path}/memory.max 4096`,
    `${path}/pids.max 9`,
    `${path}/cgroup.subtree_control +cpu +memory +pids`,
    `${path}/job/cgroup.procs ${PID}`,
  ]);
  assert.equal(inner.isGuardPlaced(JOB_ID), true);
  assert.deepEqual(bench.dir.fs.children("/corral").sort(), ["aaaaaa", `guard-${JOB_ID}`]);
  assert.deepEqual(bench.backend.list().map(({ path }) => path), ["/corral/aaaaaa", path]);
  // A launch that was cut short recorded no path.
  assert.deepEqual(bench.backend.find(JOB_ID), cgroup.record);
  assert.equal(bench.backend.find("bbbbbb"), null);
});

Deno.test("CgroupfsBackend.setLimits() lifts what is no limit any more", async () => {
  using bench = new Bench();
  const cgroup = await bench.backend.place(specOf({ limits: LIMITS }), PID, null);
  bench.writes.length = 0;
  await bench.backend.setLimits(cgroup, { ...NO_LIMITS, pidsMax: 20 });
  assert.deepEqual(bench.writes, [`${JOB_PATH}/memory.max max`, `${JOB_PATH}/pids.max 20`]);
});

Deno.test("CgroupfsBackend.remove() waits for a cgroup that is busy, and says what to run when it stays so", async () => {
  using bench = new Bench();
  const cgroup = await bench.backend.place(specOf(), PID, null);
  using _time = new QuickTime(100);
  cgroup.remove = () => false;
  const removing = bench.backend.remove(cgroup);
  await assert.rejects(
    removing,
    (error: unknown) =>
      error instanceof SetupError && /stays busy/.test(error.message) &&
      error.remedy === `rmdir ${bench.dir.mount}${JOB_PATH}`,
  );
  let tries = 0;
  cgroup.remove = () => ++tries > 3;
  await bench.backend.remove(cgroup);
  assert.equal(tries, 4);
});

/** The real /proc, in which each process is in the cgroup that is said here. */
class ProcsIn extends Procs {
  constructor(readonly cgroups: ReadonlyMap<number, string>) {
    super("/proc");
  }

  override cgroupPath(pid: number): string | null {
    return this.cgroups.get(pid) ?? null;
  }
}

Deno.test("CgroupfsBackend.leaveGuard() removes the cgroup to which the guard was never moved", () => {
  using dir = new CgroupDir();
  const path = `${dir.mount}/corral/guard-${JOB_ID}`;
  Deno.mkdirSync(path, { recursive: true });
  const backend = new CgroupfsBackend(dir.fs, new Procs("/proc"), "");
  backend.leaveGuard("zzzzzz");
  assert.ok(Deno.statSync(path).isDirectory);
  backend.leaveGuard(JOB_ID);
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
});

Deno.test("CgroupfsBackend.stopGuards() removes the cgroup in which guards have left, unless one is still in it", async () => {
  using dir = new CgroupDir();
  const path = `${dir.mount}/corral/guards-leaving`;
  Deno.mkdirSync(`${path}/busy`, { recursive: true });
  const backend = new CgroupfsBackend(dir.fs, new Procs("/proc"), "");
  await backend.stopGuards(() => false);
  assert.ok(Deno.statSync(path).isDirectory);
  Deno.removeSync(`${path}/busy`);
  await backend.stopGuards(() => false);
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
});

const leaving = testsOf(() => new CgroupDir());

leaving(
  "CgroupfsBackend.leaveGuard() moves what is in the guard's cgroup, and nothing that has left it",
  async (dir) => {
    await using inside = new Child("exec sleep 1000");
    await using outside = new Child("exec sleep 1000");
    const [own, left] = [`/corral/guard-${JOB_ID}`, "/corral/guards-leaving"];
    const procs = new ProcsIn(new Map([[inside.pid, own], [outside.pid, "/corral/elsewhere"]]));
    const backend = new CgroupfsBackend(dir.fs, procs, "");
    for (
      const [members, moved] of [[[1, inside.pid], String(inside.pid)], [[0, 1, outside.pid], ""]] as const
    ) {
      dir.add(own, { "cgroup.procs": members.map((pid) => `${pid}\n`).join("") });
      dir.add(left);
      backend.leaveGuard(JOB_ID);
      assert.equal(dir.text(left, "cgroup.procs"), moved);
    }
  },
);
