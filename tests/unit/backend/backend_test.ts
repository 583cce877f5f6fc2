import assert from "node:assert/strict";
import { renderError, UsageError } from "../../../src/base/errors.ts";
import { BACKSTOP_MARGIN_MS, backstopMs } from "../../../src/backend/backend.ts";
import { CgroupfsBackend } from "../../../src/backend/cgroupfs_backend.ts";
import {
  BACKEND_CHOICE,
  type BackendChoice,
  backendOf,
  chooseBackend,
  usableBackends,
} from "../../../src/backend/choose.ts";
import type { BackendName } from "../../../src/job/job.ts";
import { Procs } from "../../../src/linux/proc.ts";
import { CgroupDir, JOB_PATH } from "../../kit/fakes/cgroup_dir.ts";
import { specOf } from "../../kit/fakes/job.ts";
import { ProcDir } from "../../kit/fakes/proc_dir.ts";
import { SystemdBackend } from "../../../src/backend/systemd_backend.ts";

const USER = 1000;
const isRoot = Deno.uid() === 0;

Deno.test("backstopMs() leaves corral its grace and a margin, and nothing without a timeout", () => {
  assert.equal(backstopMs(60_000, 2_000), 62_000 + BACKSTOP_MARGIN_MS);
  assert.equal(backstopMs(null, 2_000), null);
});

Deno.test("BACKEND_CHOICE.parse() reads its three words", () => {
  for (const word of ["auto", "systemd", "cgroupfs"]) assert.equal(BACKEND_CHOICE.parse(word), word);
  for (const word of ["", "Systemd", "docker", "auto\n"]) {
    assert.throws(() => BACKEND_CHOICE.parse(word), UsageError);
  }
});

function choiceOf(dir: CgroupDir, proc: ProcDir, node: Partial<BackendChoice["node"]> = {}): BackendChoice {
  const { mount: cgroupMount, fs } = dir;
  return {
    node: { cgroupMount, ownCgroup: "/", uid: 0, systemdBooted: false, userRuntimeDir: null, ...node },
    fs,
    procs: proc.procs,
    cgroupRoot: null,
  };
}

function refusal(wanted: BackendName | "auto", choice: BackendChoice): string {
  try {
    chooseBackend(wanted, choice);
  } catch (error) {
    return renderError(error);
  }
  assert.fail(`${wanted} was chosen`);
}

Deno.test("chooseBackend() takes systemd where it runs, else cgroupfs where it can", () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  dir.add("/");
  const root = (systemdBooted: boolean) => choiceOf(dir, proc, { systemdBooted });
  assert.equal(chooseBackend("auto", root(true)).name, "systemd");
  assert.equal(chooseBackend("auto", root(false)).name, "cgroupfs");
  assert.equal(chooseBackend("cgroupfs", root(true)).name, "cgroupfs");
  const user = choiceOf(dir, proc, { uid: USER, systemdBooted: true, userRuntimeDir: "/run/user/1000" });
  const chosen = chooseBackend("auto", user);
  assert.ok(chosen instanceof SystemdBackend);
  assert.equal(chosen.managerPath, "/user.slice/user-1000.slice/user@1000.service");
});

Deno.test("chooseBackend() says why not, and ends with what fixes it", () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const root = choiceOf(dir, proc);
  assert.equal(
    refusal("systemd", root),
    "corral: systemd is not running on this node (use --backend cgroupfs)",
  );
  assert.match(refusal("cgroupfs", root), /is read-only \(mount -o remount,rw /);
  assert.match(refusal("auto", root), /neither systemd nor a writable cgroup2 is here \(mount /);
  const user = choiceOf(dir, proc, { uid: USER, systemdBooted: true, ownCgroup: "/x.scope" });
  assert.match(
    refusal("systemd", user),
    /no systemd user manager .* \(as root: loginctl enable-linger 1000\)$/,
  );
  assert.match(
    refusal("cgroupfs", user),
    /no cgroup is delegated to uid 1000 \(corral is in \/x\.scope\) \(run/,
  );
  assert.match(refusal("auto", user), /nothing here lets uid 1000 make cgroups.*enable-linger 1000\)$/);
});

Deno.test({
  name: `chooseBackend() finds the topmost cgroup that was delegated to a user${
    isRoot ? "" : " (needs root)"
  }`,
  ignore: !isRoot,
  fn() {
    using dir = new CgroupDir();
    using proc = new ProcDir();
    for (const path of ["/top", "/top/mine", "/top/mine/shell"]) dir.add(path);
    for (const path of ["/top/mine", "/top/mine/shell"]) {
      for (const file of ["", "/cgroup.procs"]) Deno.chownSync(dir.mount + path + file, USER, USER);
    }
    const choice = (ownCgroup: string) => choiceOf(dir, proc, { uid: USER, ownCgroup });
    const backend = chooseBackend("auto", choice("/top/mine/shell"));
    assert.ok(backend instanceof CgroupfsBackend);
    assert.equal(backend.root, "/top/mine");
    assert.match(refusal("cgroupfs", choice("/top")), /no cgroup is delegated/);
    // Without its cgroup.procs no process can be moved in.
    Deno.chownSync(`${dir.mount}/top/mine/shell/cgroup.procs`, 0, 0);
    assert.match(refusal("cgroupfs", choice("/top/mine/shell")), /no cgroup is delegated/);
  },
});

Deno.test("chooseBackend() takes the cgroup root that it is told", () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const backend = chooseBackend("cgroupfs", { ...choiceOf(dir, proc, { uid: USER }), cgroupRoot: "/told" });
  assert.equal((backend as CgroupfsBackend).root, "/told");
});

Deno.test("backendOf() a recorded job finds its root again", () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const rootOf = (path: string) => (backendOf("cgroupfs", path, choiceOf(dir, proc)) as CgroupfsBackend).root;
  assert.equal(rootOf(JOB_PATH), "");
  assert.equal(rootOf(`/user/deep${JOB_PATH}`), "/user/deep");
});

Deno.test({
  name: `a user's crontab finds the jobs in the cgroup of the user's manager, and can start none there${
    isRoot ? "" : " (needs root)"
  }`,
  ignore: !isRoot,
  fn() {
    using dir = new CgroupDir();
    using proc = new ProcDir();
    const manager = "/user.slice/user-1000.slice/user@1000.service";
    dir.add(manager);
    const fromCron = choiceOf(dir, proc, { uid: USER, ownCgroup: "/system.slice/cron.service" });
    assert.deepEqual(usableBackends(fromCron), []);
    assert.throws(() => backendOf("cgroupfs", null, fromCron), /no cgroup is delegated/);
    for (const file of ["", "/cgroup.procs"]) Deno.chownSync(dir.mount + manager + file, USER, USER);
    assert.deepEqual(usableBackends(fromCron).map((backend) => (backend as CgroupfsBackend).root), [manager]);
    assert.equal((backendOf("cgroupfs", null, fromCron) as CgroupfsBackend).root, manager);
    assert.match(refusal("cgroupfs", fromCron), /no cgroup is delegated/);
  },
});

Deno.test("CgroupfsBackend leaves nothing behind when a cgroup cannot be made", async () => {
  using dir = new CgroupDir();
  const backend = new CgroupfsBackend(dir.fs, new Procs("/proc"), "");
  // A plain directory gets no cgroup.procs: the process cannot be moved.
  await assert.rejects(backend.place(specOf(), 4711, null), /cannot make the job's cgroup: .*cgroup\.procs/);
  assert.equal(backend.find("7k2m9q"), null);
  assert.deepEqual(dir.fs.children("/corral"), []);
});

Deno.test("CgroupfsBackend never takes over a cgroup that is there already", async () => {
  using dir = new CgroupDir();
  // Empty, as rmdir(2) sees a cgroup of which the last process has left.
  Deno.mkdirSync(dir.mount + JOB_PATH, { recursive: true });
  const backend = new CgroupfsBackend(dir.fs, new Procs("/proc"), "");
  const before = backend.find("7k2m9q");
  await assert.rejects(backend.place(specOf(), 4711, null), /exists/);
  assert.notEqual(before, null);
  assert.deepEqual(backend.find("7k2m9q"), before);
});

Deno.test("CgroupfsBackend offers what its root passes on, and says how to pass on more", () => {
  using dir = new CgroupDir();
  dir.add("/mine", { "cgroup.controllers": "cpu memory\n", "cgroup.subtree_control": "memory\n" });
  const backend = new CgroupfsBackend(dir.fs, new Procs("/proc"), "/mine");
  assert.deepEqual([...backend.controllers()], ["memory"]);
  assert.equal(backend.remedyFor("cpu"), `echo +cpu > ${dir.mount}/mine/cgroup.subtree_control`);
  assert.match(backend.remedyFor("pids"), /cgroup_no_v1=all/);
});

Deno.test("SystemdBackend finds a job's slice below its manager, and offers the manager's controllers", () => {
  using dir = new CgroupDir();
  using proc = new ProcDir();
  const manager = "/user.slice/user-1000.slice/user@1000.service";
  dir.add(manager, { "cgroup.controllers": "memory pids\n" });
  const path = `${manager}/corral.slice/corral-7k2m9q.slice`;
  const record = dir.add(path);
  const node = { uid: USER, systemdBooted: true, userRuntimeDir: "/run/user/1000" };
  const backend = chooseBackend("systemd", choiceOf(dir, proc, node));
  assert.deepEqual(backend.find("7k2m9q"), record);
  assert.equal(backend.find("aaaaaa"), null);
  assert.deepEqual([...backend.controllers()], ["memory", "pids"]);
  assert.match(backend.remedyFor("cpu"), /^boot with systemd\.unified_cgroup_hierarchy=1/);
  dir.put("/", "cgroup.controllers", "cpu memory pids\n");
  assert.match(backend.remedyFor("cpu"), /^as root: .*Delegate=cpu/);
});
