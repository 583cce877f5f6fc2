/** Every limit is in the control file of the job's own slice, and holds. */
import assert from "node:assert/strict";
import { NO_LIMITS } from "../../../src/job/job.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { allCallers, CGROUP_MOUNT, type FinishedRun, succeeded } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const callers = allCallers(machine, "limits");
const root = callers[0]!;
const MEMORY = { needs: ["memory"] };
const CPU = { needs: ["cpu"] };
const PIDS = { needs: ["pids"] };

/** Prints FILE:VALUE of the cgroup that carries the job's limits: one above the scope, or the leaf, that holds its processes. */
const READ_LIMITS = `cd "${CGROUP_MOUNT}$(sed -n s/^0:://p /proc/self/cgroup)"
  case $PWD in *.scope | */job) cd .. ;; esac
  grep . memory.max memory.high memory.swap.max cpu.max cpu.weight pids.max memory.oom.group`;

const EVERY_LIMIT = [
  ...["--memory", "64M", "--memory-high", "48M", "--swap", "16M"],
  ...["--cpus", "0.5", "--cpu-weight", "200", "--pids", "40"],
];
const EVERY_FILE = `memory.max:67108864
memory.high:50331648
memory.swap.max:16777216
cpu.max:50000 100000
cpu.weight:200
pids.max:40
memory.oom.group:1
`;

let limited: Promise<FinishedRun>[] | undefined;
/** All callers side by side, by whichever test comes first. */
function limitedRuns(): Promise<FinishedRun>[] {
  return limited ??= callers.map((caller) => caller.run(EVERY_LIMIT, ["/bin/sh", "-c", READ_LIMITS]));
}

for (const [index, caller] of callers.entries()) {
  machineTest(machine, `every limit of a job of ${caller.name} is in its control file`, async () => {
    const { code, stdout, stderr, job } = await limitedRuns()[index]!;
    assert.equal(code, 0, stderr);
    assert.equal(stdout, EVERY_FILE);
    const [memoryMaxBytes, memoryHighBytes, swapMaxBytes] = [64, 48, 16].map((mib) => mib * 1024 * 1024);
    const asked = { memoryMaxBytes, memoryHighBytes, swapMaxBytes };
    assert.deepEqual(job.limits, { ...asked, cpuMaxCores: 0.5, cpuWeight: 200, pidsMax: 40 });
  }, { needs: ["memory", "cpu", "pids"] });
}

machineTest(machine, "--cpus 0.5 gives half a core, and the record tells of the throttling", async () => {
  const burn = ["/bin/sh", "-c", "while :; do :; done"];
  const { code, job } = await root.run(["--cpus", "0.5", "--timeout", "4s", "--grace", "0"], burn);
  assert.equal(code, 124);
  const { wallMs, cpuUsageUsec, cpuThrottledPeriods, cpuThrottledUsec } = job.usage;
  const percent = cpuUsageUsec! / 10 / wallMs!;
  assert.ok(percent > 35 && percent < 55, `${percent} % of a core`);
  assert.ok(cpuThrottledPeriods! > 10, `throttled in ${cpuThrottledPeriods} periods`);
  assert.ok(cpuThrottledUsec! > 0);
}, CPU);

/** Prints how many children it could have, and why not more. */
const FORK_UNTIL_REFUSED = `
import os, signal
children = []
try:
    while len(children) < 1000:
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
except OSError as error:
    print(len(children), error.strerror)
`;

machineTest(machine, "--pids 20 refuses the twentieth child of a process", async () => {
  const { code, stdout, stderr, job } = await root.run(["--pids", "20"], [
    "python3",
    "-c",
    FORK_UNTIL_REFUSED,
  ]);
  assert.equal(stdout, "19 Resource temporarily unavailable\n", stderr);
  assert.equal(code, 0);
  assert.equal(job.usage.pidsPeak ?? 20, 20);
  assert.deepEqual(await leftOf(machine, [job.id]), []);
}, PIDS);

machineTest(machine, "--memory 4K is too small for any process, and says so", async () => {
  for (const caller of [root, callers[2]!]) {
    const { code, stderr } = await caller.run(["--memory", "4K"], ["true"]);
    assert.equal(code, 125);
    assert.equal(
      stderr,
      "corral: the memory limit is too small for any process to start (give --memory more)\n",
    );
  }
}, MEMORY);

machineTest(machine, "--memory above what the node has is a warning", async () => {
  const { code, stderr, job } = await root.run(["--memory", "10T"], ["true"]);
  assert.equal(code, 0);
  assert.match(stderr, /^corral: warning: --memory 10.0T is more than this node has \(4.\dG\)\n/);
  assert.equal(job.limits.memoryMaxBytes, 10 * 1024 ** 4);
}, MEMORY);

const ONE_OF_EACH = [
  { option: "--memory", value: "64M", controller: "memory" },
  { option: "--cpus", value: "1", controller: "cpu" },
  { option: "--pids", value: "40", controller: "pids" },
];
const UNENFORCEABLE = ONE_OF_EACH.filter(({ controller }) => !machine.controllers.has(controller));

for (const caller of UNENFORCEABLE.length > 0 ? callers : []) {
  machineTest(machine, `a limit without its controller is refused to ${caller.name}`, async () => {
    for (const { option, value, controller } of UNENFORCEABLE) {
      const { code, stderr, job } = await caller.run([option, value], ["true"]);
      assert.equal(code, 125);
      const why = `${option} cannot be enforced: the ${controller} controller is not available to jobs here`;
      assert.match(
        stderr,
        new RegExp(`^corral: ${why} \\(.*boot with .*; or run without it: --best-effort\\)\n$`),
      );
      assert.equal(job.reason, "failed-to-start");
    }
  });

  machineTest(machine, `--best-effort of ${caller.name} runs without the controllers and warns`, async () => {
    const options = UNENFORCEABLE.flatMap(({ option, value }) => [option, value]);
    const { code, stderr, job } = await caller.run(["--best-effort", ...options], ["true"]);
    assert.equal(code, 0);
    assert.deepEqual(job.limits, NO_LIMITS);
    const warnings = stderr.split("\n").filter((line) => line.startsWith("corral: warning: "));
    assert.equal(warnings.length, UNENFORCEABLE.length, stderr);
  });
}

machineTest(machine, "the remedy for a controller that is switched off mends it", async () => {
  const [cgroup, env] = ["/corral-test-remedy", { CORRAL_CGROUP_ROOT: "/corral-test-remedy" }];
  const directory = `${CGROUP_MOUNT}${cgroup}`;
  await root.exec(["mkdir", directory]);
  const cgroupfs = callers[2]!;
  const refused = await cgroupfs.run(["--cpus", "1"], ["true"], { env });
  assert.equal(refused.code, 125);
  const remedy = /^corral: --cpus cannot .* \((echo .*); or run without it: --best-effort\)\n$/.exec(
    refused.stderr,
  );
  assert.equal(remedy?.[1], `echo +cpu > ${directory}/cgroup.subtree_control`);
  succeeded(await root.exec(["/bin/sh", "-c", remedy[1]!]));
  const { code, stderr } = await cgroupfs.run(["--cpus", "1"], ["true"], { env });
  assert.equal(code, 0, stderr);
  succeeded(await root.exec(["rmdir", `${directory}/corral`, directory]));
}, CPU);

/** A user manager for bob to which cpu is not delegated: as Debian 11 and others before 2022 had it. */
const BOB_WITHOUT_CPU = `set -e
  mkdir -p /etc/systemd/system/user@1001.service.d
  printf '[Service]\\nDelegate=\\nDelegate=pids memory\\n' >/etc/systemd/system/user@1001.service.d/00-corral-test.conf
  systemctl daemon-reload
  loginctl enable-linger bob
  until [ -S /run/user/1001/systemd/private ]; do sleep 0.1; done`;
const UNDO_BOB = `loginctl disable-linger bob
  rm -rf /etc/systemd/system/user@1001.service.d /etc/systemd/system/user@.service.d
  systemctl daemon-reload`;

machineTest(machine, "the remedy for a controller that is not delegated to a user mends it", async () => {
  const runAsBob = () => machine.exec([machine.corral, "run", "--cpus", "1", "true"], { user: "bob" });
  try {
    succeeded(await machine.sh(BOB_WITHOUT_CPU));
    const refused = await runAsBob();
    assert.equal(refused.code, 125);
    const remedy = /^corral: --cpus cannot .* \(as root: (.*), then log in again; or run .*\n$/.exec(
      refused.stderr,
    );
    assert.ok(remedy, refused.stderr);
    succeeded(await machine.sh(remedy[1]!));
    succeeded(await machine.sh("systemctl restart user@1001.service"));
    const { code, stderr } = await runAsBob();
    assert.equal(code, 0, stderr);
  } finally {
    succeeded(await machine.sh(UNDO_BOB));
  }
}, CPU);
