/** K2: hundreds of supervisors killed at random moments of their launch, their job and its end: no process survives, without any sweep. */
import assert from "node:assert/strict";
import { machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import { hostileTest, UNLIKE } from "./stage.ts";

const machine = await machineUnderTest();
const TRIES = Number(Deno.env.get("CORRAL_TEST_TRIES") ?? "500");

interface Found {
  /** Processes and cgroups of jobs, some seconds after the last kill; and after a sweep. */
  left: string[];
  leftAfter: string[];
  /** How many rows there are in each state before any sweep, and after one. */
  before: Record<string, number>;
  after: Record<string, number>;
}

hostileTest(machine, `K2: ${TRIES} random kill -9 of supervisors leave nothing`, UNLIKE, async (caller) => {
  const found = await runGuestProgram<Found>(machine, "system/hostile/k2_kill9.py", {
    corral: [machine.corral],
    options: ["--backend", caller.backend],
    scope: caller.user === "alice",
    store: caller.stateDir,
    tries: TRIES,
  }, {
    user: caller.user,
    env: { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000" },
    timeoutMs: 900_000,
  });
  console.log(JSON.stringify(found.before));
  assert.deepEqual([found.left, found.leftAfter], [[], []]);
  assert.deepEqual(Object.keys(found.after).filter((state) => !state.startsWith("ended")), []);
  assert.deepEqual(
    Object.keys(found.before).filter((state) => state.startsWith("running")),
    [],
    "before any sweep",
  );
}, onceOnly(machine));
