/** A sweep beside whoever else launches and ends jobs at the same moment: each job ends once, and nobody has anything to complain about. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { ExecResult } from "../../kit/machine/machine.ts";
import { Caller, type JobJson, linesOfSweep, succeeded, unlikeCallers, until } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const STUBBORN = ["/bin/sh", "-c", "trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done"];
const GRACE = ["--grace", "300ms"];
const JOBS = 8;
const LAUNCHES = 25;

function times<T>(count: number, act: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => act(index)));
}

/** Two sweeps at a time, one after the other, until `beside` is over; what they printed and how they left. */
async function sweepBeside<T>(
  caller: Caller,
  beside: Promise<T>,
): Promise<{ sweeps: ExecResult[]; result: T }> {
  const sweeps: ExecResult[] = [];
  let isOver = false;
  const over = beside.finally(() => (isOver = true));
  const lane = async () => {
    do sweeps.push(await caller.corral(["sweep", "--quiet"])); while (!isOver);
  };
  const [result] = await Promise.all([over, lane(), lane()]);
  return { sweeps, result };
}

/** The lines of acts that they printed. Each has run to its end, or left it to another without a word of its own. */
function actsOf(sweeps: readonly ExecResult[]): string[] {
  for (const { code, stdout, stderr } of sweeps) {
    if (code === 75) assert.deepEqual([stdout, stderr], ["", "corral: another sweep is running\n"]);
    else assert.deepEqual([code, stderr], [0, ""], stdout);
  }
  assert.ok(sweeps.some(({ code }) => code === 0));
  return sweeps.flatMap(({ stdout }) => linesOfSweep(stdout));
}

/** Checks that it has ended once, for one of these reasons. */
function assertEndedOnce(
  { id, state, reason, survivors, events }: JobJson,
  reasons: readonly string[],
): void {
  assert.ok(state === "ended" && reasons.includes(reason!), `${id}: ${state} ${reason}`);
  assert.deepEqual(survivors, []);
  for (const kind of ["starting", "running", "ending", "ended"]) {
    assert.equal(events.filter((event) => event.kind === kind).length, 1, `${id}: ${kind}`);
  }
}

async function startOrphans(caller: Caller): Promise<string[]> {
  const jobs = await times(JOBS, () => caller.start(GRACE, STUBBORN));
  await caller.orphan(...jobs);
  return jobs;
}

for (const caller of unlikeCallers(machine, "sweep-races")) {
  machineTest(machine, `of two sweeps of ${caller.name} at once one leaves the field with 75`, async () => {
    const job = await caller.start(["--ref", "asked", ...GRACE], STUBBORN);
    const [asked, answer] = ["asked", "answer"].map((name) => `${caller.stateDir}-${name}`);
    const ask = `: >${asked}; until [ -e ${answer} ]; do sleep 0.02; done; echo asked COMPLETED`;
    const first = caller.corral(["sweep", "--strikes", "1", "--status-command", ask]);
    await until(caller, "the first one waits for the owner", `[ -e ${asked} ]`);
    const { code, stdout, stderr } = await caller.corral(["sweep"]);
    assert.deepEqual([code, stdout, stderr], [75, "", "corral: another sweep is running\n"]);
    succeeded(await caller.exec(["touch", answer!]));
    assert.match(succeeded(await first).stdout, new RegExp(`^${job} ended: finished-by-owner `));
    assertEndedOnce(await caller.show(job), ["finished-by-owner"]);
    assert.deepEqual(await leftOf(machine, [job]), []);
  }, nativeOnly(machine));

  machineTest(
    machine,
    `sweeps beside supervisors of ${caller.name} at their deadline end nothing twice`,
    async () => {
      const running = times(JOBS, () => caller.run(["--timeout", "1s", ...GRACE], STUBBORN));
      const { sweeps, result } = await sweepBeside(caller, running);
      assert.deepEqual(actsOf(sweeps), []);
      for (const { code, stderr, job } of result) {
        assert.equal(code, 124, stderr);
        assert.equal(stderr.trim().split("\n").length, 2, stderr);
        // The receipt is the only one, and says the same as the record.
        assertEndedOnce(job, ["timeout"]);
        const { events: _, samples: _samples, ...recorded } = await caller.show(job.id);
        const { events: _events, ...receipt } = job;
        assert.deepEqual(recorded, receipt);
      }
      assert.deepEqual(await leftOf(machine, result.map(({ job }) => job.id)), []);
    },
    nativeOnly(machine),
  );

  machineTest(machine, `sweeps beside corral kill of ${caller.name} end each orphan once`, async () => {
    const jobs = await startOrphans(caller);
    const killing = caller.corral(["kill", "--all", "--yes"]);
    const { sweeps, result } = await sweepBeside(caller, killing);
    assert.deepEqual([result.code, result.stderr], [0, ""]);
    const acts = actsOf(sweeps);
    for (const act of acts) assert.match(act, /^\w{6} (ended|collected): (killed|orphaned) /);
    for (const job of jobs) assertEndedOnce(await caller.show(job), ["killed", "orphaned"]);
    assert.deepEqual(await leftOf(machine, jobs), []);
  }, nativeOnly(machine));

  machineTest(
    machine,
    `sweeps beside ${LAUNCHES} launches of ${caller.name} touch none of them`,
    async () => {
      const launching = times(LAUNCHES, () => caller.run([], ["true"]));
      const { sweeps, result } = await sweepBeside(caller, launching);
      assert.deepEqual(actsOf(sweeps), []);
      for (const { code, stderr, job } of result) {
        assert.match(stderr, /^corral: job \w{6} started .*\n$/);
        assert.equal(code, 0);
        assertEndedOnce(job, ["exited"]);
      }
      assert.deepEqual(await leftOf(machine, result.map(({ job }) => job.id)), []);
    },
    nativeOnly(machine),
  );
}
