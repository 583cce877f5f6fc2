/** Room under fire: random schedules while corral processes are killed. Never over a pool's slots or memory, never a job that is left. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";

const machine = await machineUnderTest();
const PROGRAM = "/tmp/room_schedules.py";
const SCHEDULES = machine.slowness === 1 ? 50 : 5;
const SLOTS = 3;
const POOL_MB = 1024;

/** A limit that is not in force is not reserved. */
const COUNTS_MEMORY = machine.controllers.has("memory");

interface Outcome {
  seed: number;
  most: number;
  mostMb: number;
  live: unknown[];
  hanging: number;
}

for (const backend of ["systemd", "cgroupfs"]) {
  machineTest(
    machine,
    `${SCHEDULES} random schedules of a pool on ${backend}, with kills at any step: no slot given twice, no job left`,
    async () => {
      await machine.putFile(PROGRAM, await Deno.readTextFile(new URL("room_schedules.py", import.meta.url)));
      for (let seed = 1; seed <= SCHEDULES; seed++) {
        const argv = ["python3", PROGRAM, machine.corral, backend, String(seed)];
        const { stdout, stderr } = await machine.exec(argv, { timeoutMs: 180_000 });
        assert.notEqual(stdout, "", stderr);
        const outcome: Outcome = JSON.parse(stdout);
        const said = JSON.stringify(outcome);
        assert.ok(outcome.most <= SLOTS && (!COUNTS_MEMORY || outcome.mostMb <= POOL_MB), said);
        assert.deepEqual([outcome.live, outcome.hanging], [[], 0], said);
      }
    },
  );
}
