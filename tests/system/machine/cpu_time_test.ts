/** `--cpu-time`: the CPU time of the whole tree is limited, by whichever process looks, and also where there is no cpu controller. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { Caller, succeeded, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();
// An emulator shows nothing about accounting of time that a container does not.
const callers = machine.tier === "vm" ? [] : unlikeCallers(machine, "cpu-time");
const LIMIT = "1500ms";
const LIMIT_USEC = 1_500_000;
/** Per core: what may be used beyond the limit. */
const BEYOND_USEC = 200_000;
const SPIN = "while :; do :; done";
/** Two processes at work, one of them below another and in a session of its own. */
const TREE = ["sh", "-c", `setsid sh -c '${SPIN}' & ${SPIN}`];

async function cores(): Promise<number> {
  return Number((await machine.exec(["nproc", "--all"])).stdout);
}

/** Ended for it, and not later than may be. The first signal ends what spins at once. */
async function assertInTime(job: { reason: string | null; usage: { cpuUsageUsec: number | null } }) {
  assert.equal(job.reason, "cpu-time");
  const used = job.usage.cpuUsageUsec!;
  const most = LIMIT_USEC + BEYOND_USEC * await cores();
  assert.ok(used >= LIMIT_USEC && used <= most, `used ${used} us of ${LIMIT_USEC}, at most ${most}`);
}

for (const caller of callers) {
  machineTest(
    machine,
    `--cpu-time of ${caller.name} ends the whole tree in time, with exit code 124`,
    async () => {
      const { job, code, stderr } = await caller.run(["--cpu-time", LIMIT], TREE);
      assert.equal(code, 124);
      await assertInTime(job);
      assert.match(stderr, /ended: cpu-time after /);
      assert.deepEqual(await leftOf(machine, [job.id]), []);
      const { stdout } = await caller.corral(["show", job.id]);
      assert.match(stdout, /its limit of 1s500ms CPU time passed; try --cpu-time /);
    },
  );

  machineTest(machine, `--cpu-time of ${caller.name} is no limit of time: what sleeps stays`, async () => {
    const { job, code } = await caller.run(["--cpu-time", "1s"], ["sh", "-c", "sleep 2; exit 3"]);
    assert.deepEqual([code, job.reason], [3, "exited"]);
  });

  machineTest(
    machine,
    `--cpu-time of ${caller.name} kills what ignores the first signal, after the grace`,
    async () => {
      const options = ["--cpu-time", "500ms", "--grace", "300ms"];
      const { job, code } = await caller.run(options, ["sh", "-c", `trap '' TERM; ${SPIN}`]);
      assert.deepEqual([code, job.reason, job.signal], [124, "cpu-time", "KILL"]);
    },
  );

  machineTest(
    machine,
    `--cpu-time of ${caller.name} holds without a supervisor: the sweep ends the job`,
    async () => {
      const job = await caller.start(["--cpu-time", LIMIT], TREE);
      await caller.orphan(job);
      const used = `[ "$(sed -n 's/^usage_usec //p' /sys/fs/cgroup${
        (await caller.show(job)).cgroupPath
      }/cpu.stat)" -gt ${LIMIT_USEC} ]`;
      await until(caller, "the CPU time is used up", used);
      assert.match(
        succeeded(await caller.corral(["sweep", "--on-orphan", "keep"])).stdout,
        new RegExp(`${job}.*cpu-time`),
      );
      const { reason } = await caller.ended(job);
      assert.equal(reason, "cpu-time");
    },
  );

  machineTest(
    machine,
    `corral set --cpu-time of ${caller.name} moves the limit of a live job at once`,
    async () => {
      const job = await caller.start(["--cpu-time", "1h"], TREE);
      succeeded(await caller.corral(["set", job, "--cpu-time", LIMIT]));
      await assertInTime(await caller.ended(job));
    },
  );
}

machineTest(machine, "corral adopt --cpu-time counts what processes use from then on", async () => {
  const caller = new Caller(machine, "root", "systemd", "cpu-time");
  const spinning = ["sh", "-c", `setsid sh -c '${SPIN}' >/dev/null 2>&1 & echo $!`];
  const pid = succeeded(await caller.exec(spinning)).stdout.trim();
  const args = ["adopt", "--pid", pid, "--backend", "systemd", "--cpu-time", LIMIT];
  const job = succeeded(await caller.corral(args)).stdout.trim();
  await assertInTime(await caller.ended(job));
}, { skip: machine.tier === "vm" });
