import assert from "node:assert/strict";
import {
  type Adopter,
  type Candidate,
  nameOf,
  placesLeft,
  whyNot,
} from "../../../../src/act/adopt/refusal.ts";
import { parseStat } from "../../../../src/linux/proc.ts";
import { type FakeProcess, statLine } from "../../../kit/fakes/proc_dir.ts";

const PID = 4711;
const SESSION = "/user.slice/user-1000.slice/session-3.scope";
const ROOT: Adopter = {
  uid: 0,
  ownPids: new Set([1, 900, 901]),
  id: "7k2m9q",
  supervisors: new Map([[800, "aaaaaa"]]),
  isOver: () => false,
  force: false,
};
const ALICE: Adopter = { ...ROOT, uid: 1000 };

const statOf = (pid: number, process: FakeProcess = {}) => parseStat(statLine(pid, process), "stat");

function candidate(changes: { pid?: number; uid?: number | null; cgroup?: string; stat?: FakeProcess } = {}) {
  const { pid = PID, uid = 1000, cgroup = SESSION, stat } = changes;
  const made: Candidate = { stat: statOf(pid, stat), uid, cgroups: `3:memory:/\n0::${cgroup}\n` };
  return made;
}

Deno.test("whyNot() has nothing against one's own processes, nor root against anybody's", () => {
  assert.equal(whyNot(candidate(), ALICE), null);
  assert.equal(whyNot(candidate(), ROOT), null);
  assert.equal(whyNot(candidate({ uid: null, cgroup: "/" }), ALICE), null);
});

const REFUSED: [what: string, because: RegExp, candidate: Candidate, adopter?: Adopter][] = [
  ["pid 1", /first process/, candidate({ pid: 1 })],
  ["a kernel thread", /kernel thread/, candidate({ stat: { flags: 0x0020_8040 } })],
  ["corral itself and what it was called from", /corral itself/, candidate({ pid: 900 })],
  ["a supervisor of this store", /supervises job aaaaaa/, candidate({ pid: 800 })],
  [
    "a detached supervisor of any store",
    /supervises job bbbbbb/,
    candidate({ cgroup: "/corral.slice/corral-bbbbbb-supervisor.scope" }),
  ],
  [
    "what is in a job under systemd",
    /is in job bbbbbb already/,
    candidate({ cgroup: "/corral.slice/corral-bbbbbb.slice/corral-bbbbbb.scope" }),
  ],
  [
    "what is in a job that is over, in one that lives",
    /is in job bbbbbb already/,
    candidate({ cgroup: "/corral/bbbbbb/corral/cccccc/job" }),
    { ...ROOT, isOver: (id) => id === "cccccc" },
  ],
  ["what is in a job without", /is in job bbbbbb already/, candidate({ cgroup: "/x/corral/bbbbbb/nested" })],
  [
    "a systemd manager",
    /systemd itself/,
    candidate({ cgroup: "/user.slice/user-1000.slice/user@1000.service/init.scope" }),
  ],
  ["another user's, for who is not root", /another user \(uid 0\)/, candidate({ uid: 0 }), ALICE],
  [
    "what has lost its main thread",
    /lost its main thread/,
    candidate({ stat: { state: "Z", flags: 4, threads: 2 } }),
  ],
  [
    "a Slurm step",
    /Slurm step.*--force/,
    candidate({ cgroup: "/system.slice/slurmstepd.scope/job_12/step_0/user/task_0" }),
  ],
  [
    "a Slurm step as Debian's slurmd calls it",
    /Slurm step.*--force/,
    candidate({ cgroup: "/system.slice/n1_slurmstepd.scope/job_12/step_0/user/task_0" }),
  ],
];

for (const [what, because, refused, adopter = ROOT] of REFUSED) {
  Deno.test(`whyNot() refuses ${what}`, () => assert.match(whyNot(refused, adopter) ?? "", because));
}

Deno.test("whyNot() refuses a Slurm step of version 1, and takes both with force", () => {
  const first = { ...candidate(), cgroups: "4:memory:/slurm/uid_1000/job_12/step_0\n0::/\n" };
  const second = candidate({ cgroup: "/system.slice/slurmstepd.scope/job_12/step_0/user/task_0" });
  assert.match(whyNot(first, ROOT) ?? "", /Slurm/);
  for (const one of [first, second]) assert.equal(whyNot(one, { ...ROOT, force: true }), null);
  assert.equal(whyNot(candidate({ cgroup: "/system.slice/slurmd.service" }), ROOT), null);
});

Deno.test("whyNot() lets go on who is in the new job already, or in one of which nothing is enforced", () => {
  const inside = candidate({ cgroup: "/corral.slice/corral-7k2m9q.slice/corral-7k2m9q.scope" });
  assert.equal(whyNot(inside, ROOT), null);
  const released = candidate({ cgroup: "/corral/bbbbbb" });
  assert.equal(whyNot(released, { ...ROOT, isOver: (id) => id === "bbbbbb" }), null);
});

Deno.test("whyNot() says force is of no use against anything but Slurm", () => {
  for (const [what, because, refused, adopter = ROOT] of REFUSED.filter(([what]) => !/Slurm/.test(what))) {
    assert.match(whyNot(refused, { ...adopter, force: true }) ?? "", because, what);
  }
});

Deno.test("nameOf() names a process by pid and name, and a descendant by whom it is below", () => {
  assert.equal(nameOf(statOf(PID, { name: "a\nb" }), [PID]), 'process 4711 ("a\\nb")');
  assert.equal(nameOf(statOf(4712), [PID, 4800]), 'process 4712 ("sleep"), below 4711, 4800,');
});

Deno.test("placesLeft() names units and cgroups once each, and not the root", () => {
  const texts = [
    `0::${SESSION}\n`,
    "0::/system.slice/cron.service\n",
    "0::/system.slice/docker-12ab.scope/nested\n",
    "1:name=systemd:/\n0::/htcondor/slot_1\n",
    `0::${SESSION}\n`,
    "0::/\n",
    "",
  ];
  assert.deepEqual(placesLeft(texts), [
    "/htcondor/slot_1",
    "cron.service",
    "docker-12ab.scope",
    "session-3.scope",
  ]);
});
