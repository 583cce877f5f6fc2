/** `corral freeze` stops every process of a job where it is, `thaw` lets it go on, and its deadline goes on anyway. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { type Caller, unlikeCallers, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
// The freezer is the same in a container and in a virtual machine.
const callers = machine.tier === "vm" ? [] : unlikeCallers(machine, "freeze");

/** Appends a byte to the file $0 as fast as it can, from a child in a session of its own. */
const COUNT = ["/bin/sh", "-c", 'setsid sh -c "while :; do printf x; sleep 0.005; done >$0" & wait'];

async function sizeOf(caller: Caller, file: string): Promise<number> {
  return Number((await caller.exec(["stat", "-c", "%s", file])).stdout);
}

/** Starts a job that counts in a file; resolves when it does. */
async function startCounting(
  caller: Caller,
  options: readonly string[],
): Promise<[job: string, file: string]> {
  const file = (await caller.exec(["mktemp"])).stdout.trim();
  const job = await caller.start(options, [...COUNT, file]);
  await until(caller, "the job counts", `[ -s ${file} ]`);
  return [job, file];
}

async function grows(caller: Caller, file: string): Promise<void> {
  const before = await sizeOf(caller, file);
  await until(caller, "the count grows", `[ $(stat -c %s ${file}) -gt ${before} ]`);
}

/** Five processes' worth of chances: a job that counts grows by dozens meanwhile. */
async function standsStill(caller: Caller, file: string): Promise<void> {
  const before = await sizeOf(caller, file);
  await caller.exec(["sleep", "0.3"]);
  assert.equal(await sizeOf(caller, file), before);
}

for (const caller of callers) {
  machineTest(machine, `a frozen job of ${caller.name} makes no progress until it is thawed`, async () => {
    const [job, file] = await startCounting(caller, []);
    try {
      const frozen = await caller.corral(["freeze", job]);
      assert.deepEqual([frozen.code, frozen.stdout], [0, `${job} frozen\n`], frozen.stderr);
      await standsStill(caller, file);
      assert.equal((await caller.show(job)).frozen, true);
      const { stdout } = await caller.corral(["thaw", job]);
      assert.equal(stdout, `${job} thawed\n`);
      await grows(caller, file);
      const again = await caller.corral(["thaw", job]);
      assert.deepEqual([again.code, again.stdout], [0, `${job} was not frozen\n`]);
      const { events, frozen: stillFrozen } = await caller.show(job);
      assert.equal(stillFrozen, false);
      assert.deepEqual(events.map(({ kind }) => kind).slice(-2), ["frozen", "thawed"]);
    } finally {
      await caller.end(job);
    }
  });

  machineTest(machine, `the deadline ends a frozen job of ${caller.name}`, async () => {
    const [job] = await startCounting(caller, ["--timeout", "1s", "--grace", "100ms"]);
    await caller.corral(["freeze", job]);
    const { reason, survivors, usage } = await caller.ended(job);
    assert.deepEqual([reason, survivors], ["timeout", []]);
    assert.ok(usage.wallMs! >= 1000 && usage.wallMs! < 2000, `ended after ${usage.wallMs} ms`);
    assert.deepEqual(await leftOf(machine, [job]), []);
  });

  machineTest(
    machine,
    `corral kill ends a frozen job of ${caller.name} after which it cannot be frozen`,
    async () => {
      const [job] = await startCounting(caller, ["--grace", "100ms"]);
      await caller.corral(["freeze", job]);
      const { code, stdout, stderr } = await caller.corral(["kill", job]);
      assert.deepEqual([code, stdout], [0, `${job} ended: killed\n`], stderr);
      assert.deepEqual(await leftOf(machine, [job]), []);
      for (const verb of ["freeze", "thaw"]) {
        const refused = await caller.corral([verb, job]);
        assert.deepEqual([refused.code, refused.stdout], [1, ""]);
        assert.equal(refused.stderr, `corral: job ${job} has ended (corral show ${job})\n`);
      }
    },
  );
}
