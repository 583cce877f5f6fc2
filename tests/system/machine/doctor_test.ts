/** `corral doctor`: true of the node, each problem with its remedy, and nothing left of the job that it tries. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { allCallers, type Caller, succeeded } from "./caller.ts";

const machine = await machineUnderTest();
const inVm = machine.tier === "vm";
/** As root on either backend, and as alice, who has a cgroup of her own under systemd only. */
const callers = allCallers(machine, "doctor").filter(({ user, backend }) =>
  backend === "systemd" || (user === "root" && !inVm)
);
const CONTROLLERS = ["memory", "cpu", "pids"];

interface Examination {
  ok: boolean;
  backend: string | null;
  findings: { what: string; ok: boolean; detail: string; remedy: string | null }[];
}

/** Everything of corral's that is on the machine: units, cgroups, throw-away stores. */
async function traces(): Promise<string> {
  const script = `systemctl list-units --all --full --plain --no-legend 'corral-??????.*'
    find /sys/fs/cgroup -path '*/corral*/*' -type d
    ls -d /tmp/corral-doctor-* 2>/dev/null`;
  return (await machine.sh(script)).stdout;
}

async function examine(caller: Caller): Promise<Examination> {
  const { code, stdout, stderr } = await caller.corral(["doctor", "--json", "--backend", caller.backend]);
  const found = JSON.parse(stdout) as Examination;
  assert.deepEqual([code, stderr], [found.ok ? 0 : 1, ""]);
  return found;
}

for (const caller of callers) {
  machineTest(machine, `corral doctor of ${caller.name} finds what is missing and tries a job`, async () => {
    const before = await traces();
    const { ok, backend, findings } = await examine(caller);
    const bad = findings.filter((finding) => !finding.ok);
    const missing = CONTROLLERS.filter((name) => !machine.controllers.has(name));
    assert.deepEqual(bad.map(({ what }) => what), missing.map((name) => `${name} controller`));
    assert.equal(ok, missing.length === 0);
    assert.equal(backend, caller.backend);
    for (const { remedy } of bad) assert.match(remedy!, /systemd\.unified_cgroup_hierarchy=1/);
    const job = findings.at(-1)!;
    const tried = inVm
      ? /^created, limited \(--memory 256M --cpus 0\.5 --pids 64\), /
      : /^created, without limits, /;
    assert.equal(job.what, "a real job");
    assert.match(job.detail, tried);
    assert.match(job.detail, /overdue after 0\.5 s, killed: 0 processes left$/);
    assert.equal(await traces(), before);
  });
}

const root = callers[0]!;
const NOT_IN_VM = { skip: inVm };

machineTest(machine, "corral doctor prints a line for each finding, and FAIL with a remedy", async () => {
  const { code, stdout } = await root.corral(["doctor"]);
  const lines = stdout.trimEnd().split("\n");
  const missing = CONTROLLERS.filter((name) => !machine.controllers.has(name));
  assert.equal(code, missing.length === 0 ? 0 : 1);
  assert.equal(lines.at(-1), missing.length === 0 ? "all is well" : `${missing.length} problems`);
  for (const line of lines.slice(0, -1)) assert.match(line, /^(ok {4}|FAIL {2}|  {5}remedy: )\S/);
  assert.equal(lines.filter((line) => line.startsWith("      remedy: ")).length, missing.length);
}, NOT_IN_VM);

machineTest(machine, "corral doctor without a writable state directory says how to have one", async () => {
  const { code, stdout } = await root.corral(["--state-dir", "/proc/nowhere", "doctor", "--json"]);
  const { findings } = JSON.parse(stdout) as Examination;
  const store = findings.find(({ what }) => what === "store")!;
  assert.deepEqual([code, store.ok], [1, false]);
  assert.equal(store.remedy, "give a writable directory: --state-dir or CORRAL_STATE_DIR");
  // The job does not depend on it.
  assert.equal(findings.at(-1)!.ok, true);
}, NOT_IN_VM);

machineTest(machine, "corral doctor's remedy for a missing cgroup2 mounts it", async () => {
  const hidden = (script: string) =>
    machine.exec(["unshare", "--mount", "--propagation=private", "/bin/sh", "-c", script]);
  const examined = await hidden(`umount --lazy /sys/fs/cgroup; exec ${machine.corral} doctor --json`);
  const { findings } = JSON.parse(examined.stdout) as Examination;
  const { remedy } = findings.find(({ what }) => what === "cgroup2")!;
  assert.equal(examined.code, 1);
  const mended = succeeded(
    await hidden(`umount --lazy /sys/fs/cgroup; mount -t tmpfs none /sys/fs/cgroup
    ${remedy} && exec ${machine.corral} run --quiet -- echo runs`),
  );
  assert.equal(mended.stdout, "runs\n");
}, NOT_IN_VM);
