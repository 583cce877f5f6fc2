/** Where a job goes that is started in a job. */
import assert from "node:assert/strict";
import { renderError } from "../../../src/base/errors.ts";
import { CgroupfsBackend } from "../../../src/backend/cgroupfs_backend.ts";
import { type BackendChoice, backendOf } from "../../../src/backend/choose.ts";
import { chooseForLaunch } from "../../../src/backend/nest.ts";
import { SystemdBackend } from "../../../src/backend/systemd_backend.ts";
import type { BackendName } from "../../../src/job/job.ts";
import { CgroupDir } from "../../kit/fakes/cgroup_dir.ts";
import { ProcDir } from "../../kit/fakes/proc_dir.ts";

/** The owner of every cgroup here. */
const UID = Deno.uid()!;
const OTHER = UID + 1;
const SLICE = "/corral.slice/corral-aaaaaa.slice";
const PLAIN = "/corral/aaaaaa";

/** A node on which corral is in some cgroup. */
class Bench implements Disposable {
  readonly dir = new CgroupDir();
  readonly proc = new ProcDir();
  readonly warnings: string[] = [];

  constructor(readonly ownCgroup: string, readonly node: Partial<BackendChoice["node"]> = {}) {
    this.dir.add("/");
    const parts = ownCgroup.split("/");
    parts.slice(1).forEach((_, index) => this.dir.add(parts.slice(0, index + 2).join("/")));
  }

  get choice(): BackendChoice {
    const { dir: { mount: cgroupMount, fs }, ownCgroup } = this;
    const node = {
      cgroupMount,
      ownCgroup,
      uid: UID,
      systemdBooted: true,
      userRuntimeDir: null,
      ...this.node,
    };
    return { node, fs, procs: this.proc.procs, cgroupRoot: null };
  }

  choose(wanted: BackendName | "auto", bestEffort = false) {
    return chooseForLaunch(wanted, this.choice, { bestEffort, warn: (line) => this.warnings.push(line) });
  }

  refusal(wanted: BackendName | "auto"): string {
    try {
      this.choose(wanted);
    } catch (error) {
      return renderError(error);
    }
    assert.fail(`${wanted} was chosen`);
  }

  [Symbol.dispose](): void {
    this.proc[Symbol.dispose]();
    this.dir[Symbol.dispose]();
  }
}

function rootTest(name: string, fn: () => void): void {
  Deno.test({ name: `${name}${UID === 0 ? "" : " (needs root)"}`, ignore: UID !== 0, fn });
}

rootTest("chooseForLaunch() outside of any job is as chooseBackend()", () => {
  for (
    const place of ["/system.slice/cron.service", "/corral.slice/corral-x.slice", "/corral/guard-aaaaaa"]
  ) {
    using bench = new Bench(place);
    assert.deepEqual((bench.choose("auto") as SystemdBackend).outer, []);
    assert.equal((bench.choose("cgroupfs") as CgroupfsBackend).root, "");
  }
});

rootTest("chooseForLaunch() in a job's slice makes slices in it, three deep and from below its scope", () => {
  using one = new Bench(`${SLICE}/corral-aaaaaa.scope/of-the-job`);
  assert.deepEqual((one.choose("auto") as SystemdBackend).outer, ["aaaaaa"]);
  assert.equal((one.choose("systemd") as SystemdBackend).supervisorSlice, "corral-aaaaaa.slice");
  using two = new Bench(`${SLICE}/corral-aaaaaa-bbbbbb.slice/corral-cccccc-supervisor.scope`);
  const backend = two.choose("auto") as SystemdBackend;
  assert.deepEqual(backend.outer, ["aaaaaa", "bbbbbb"]);
  assert.equal(backend.supervisorSlice, "corral-aaaaaa-bbbbbb.slice");
});

rootTest("chooseForLaunch() in a job's plain cgroup makes cgroups in it, also where systemd runs", () => {
  using bench = new Bench(`${PLAIN}/job`);
  assert.equal((bench.choose("auto") as CgroupfsBackend).root, PLAIN);
  using two = new Bench(`${PLAIN}/corral/bbbbbb/job/deeper`);
  assert.equal((two.choose("cgroupfs") as CgroupfsBackend).root, `${PLAIN}/corral/bbbbbb`);
});

rootTest(
  "chooseForLaunch() refuses what would lie outside, with the way around it; with best effort it warns",
  () => {
    const manager = "/user.slice/user-1000.slice/user@1000.service";
    for (
      const [place, wanted, because, node] of [
        [`${SLICE}/corral-aaaaaa.scope`, "cgroupfs", "that is a job of --backend systemd", {}],
        [PLAIN, "systemd", "that is a job of --backend cgroupfs", {}],
        [`${manager}${SLICE}`, "auto", "that is a job of another systemd manager", {}],
        [SLICE, "auto", "its systemd manager cannot be reached from here", { systemdBooted: false }],
        [SLICE, "auto", `that is a job of the user with uid ${UID}, who is another one`, { uid: OTHER }],
        [PLAIN, "auto", `that is a job of the user with uid ${UID}, who is another one`, { uid: OTHER }],
      ] as const
    ) {
      using bench = new Bench(place, node);
      const told = bench.refusal(wanted);
      assert.match(
        told,
        /^corral: the job would lie outside of job aaaaaa, in which corral runs: .*--best-effort\)?$/,
      );
      assert.ok(told.includes(`: ${because} (`), told);
      if ("uid" in node) continue;
      const backend = bench.choose(wanted, true);
      assert.deepEqual(bench.warnings, [
        `warning: the job lies outside of job aaaaaa, in which corral runs, whose limits and end do not hold for it: ${because}`,
      ]);
      if (backend instanceof SystemdBackend) assert.deepEqual(backend.outer, []);
      else assert.equal((backend as CgroupfsBackend).root, "");
    }
  },
);

rootTest("chooseForLaunch() refuses a job whose cgroup is full or not to be seen from here", () => {
  using bench = new Bench(`${PLAIN}/job`);
  // Without controllers nothing hands any on.
  bench.dir.put(PLAIN, "cgroup.procs", "4711\n");
  assert.equal((bench.choose("auto") as CgroupfsBackend).root, PLAIN);
  bench.dir.put(PLAIN, "cgroup.controllers", "memory\n");
  assert.match(bench.refusal("auto"), /an older version of corral started that/);
  using elsewhere = new Bench("/");
  const choice = { ...elsewhere.choice, node: { ...elsewhere.choice.node, ownCgroup: `/../..${PLAIN}` } };
  assert.throws(
    () => chooseForLaunch("auto", choice, { bestEffort: false, warn: () => {} }),
    /its cgroup cannot be reached from here/,
  );
});

rootTest("backendOf() a job in a job finds the outer ones again", () => {
  using bench = new Bench("/");
  const path = `${SLICE}/corral-aaaaaa-bbbbbb.slice/corral-aaaaaa-bbbbbb-cccccc.slice`;
  assert.deepEqual((backendOf("systemd", path, bench.choice) as SystemdBackend).outer, ["aaaaaa", "bbbbbb"]);
  assert.deepEqual((backendOf("systemd", SLICE, bench.choice) as SystemdBackend).outer, []);
  assert.deepEqual((backendOf("systemd", null, bench.choice) as SystemdBackend).outer, []);
  const plain = backendOf("cgroupfs", `${PLAIN}/corral/bbbbbb`, bench.choice);
  assert.equal((plain as CgroupfsBackend).root, PLAIN);
});

/** Only root can give a cgroup to another user. */
const STEP = "/system.slice/n1_slurmstepd.scope/job_42/step_0/user";

const AS_ROOT = { ignore: UID !== 0 };

Deno.test(
  "chooseForLaunch() leaves a job in the cgroup of its Slurm step for a user whose that is",
  AS_ROOT,
  () => {
    using bench = new Bench(`${STEP}/task_0`, { uid: 1000 });
    for (const path of ["", "/cgroup.procs", "/task_0", "/task_0/cgroup.procs"]) {
      const file = bench.dir.fs.locate(STEP) + path;
      if (path.endsWith("procs")) Deno.writeTextFileSync(file, "");
      Deno.chownSync(file, 1000, null);
    }
    const backend = bench.choose("auto");
    assert.ok(backend instanceof CgroupfsBackend);
    assert.equal(backend.root, STEP);
  },
);

Deno.test(
  "chooseForLaunch() takes the usual backend where the cgroup of the Slurm step is root's",
  AS_ROOT,
  () => {
    using bench = new Bench(`${STEP}/task_0`, { uid: 1000 });
    assert.match(bench.refusal("auto"), /no systemd user manager, no delegated cgroup/);
  },
);
