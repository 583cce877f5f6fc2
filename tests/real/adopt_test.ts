/** `corral adopt`: what runs already becomes a job, all of it, and nothing else. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../machine/for_test.ts";
import { allCallers, Caller, IN_OWN_CGROUP, type JobJson } from "./caller.ts";
import { leftOf, runGuestProgram } from "./guest_program.ts";

const machine = await machineUnderTest();
const root = new Caller(machine, "root", "systemd", "adopt");

const TIMEOUT_MS = 1_500;
const PATIENCE_S = 60;
const PROGRAM_TIMEOUT_MS = 120_000;

interface Tree {
  name: string;
  argv: string[];
  /** Processes that are there for sure. */
  atLeast: number;
}

/** What adopt_trees.py saw of one. */
interface TreeRecord {
  name: string;
  code: number;
  stdout: string;
  stderr: string;
  outside: string[];
  inside: number;
  /** Stopped before, and not any more. */
  wokenUp: number[];
  stopped: number;
  ended: boolean;
  job: JobJson;
  bystanderIsSame: boolean;
  left?: number[];
  error?: string;
}

const nasty = (name: string, atLeast: number, ...options: string[]): Tree => ({
  name,
  argv: [machine.nasty, ...options, "--life", "120", name],
  atLeast,
});

/** Half of its processes lose their parent while they live, and some on their way through the adoption. */
const FORKERS = [nasty("fork-bomb", 2, "--ceiling", "100"), nasty("thread-fork", 1, "--ceiling", "50")];
const PLAIN = [{ ...nasty("tree", 100), argv: [machine.nasty, "--life", "120", "tree", "100"] }];
const ODD = [
  nasty("exec-loop", 2),
  nasty("stop-self", 4),
  nasty("namespaces", 11),
  nasty("ptraced", 3),
  nasty("vfork", 1),
  nasty("zombie-parent", 2),
  nasty("names", 9),
];

async function adoptTrees(
  caller: Caller,
  cases: readonly Tree[],
  options: readonly string[],
): Promise<TreeRecord[]> {
  const setting = {
    cases,
    purpose: `${caller.user}-${caller.backend}`,
    corral: [machine.corral],
    options: ["--backend", caller.backend, "--grace", "0", ...options],
    endsByItself: options.includes("--timeout"),
    patienceS: PATIENCE_S,
  };
  const isPlainUser = caller.user === "alice" && caller.backend === "cgroupfs";
  return await runGuestProgram(machine, "adopt_trees.py", setting, {
    user: caller.user,
    env: { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000" },
    timeoutMs: PROGRAM_TIMEOUT_MS,
    ...(isPlainUser ? { wrap: IN_OWN_CGROUP } : {}),
  });
}

async function assertTakesAll(
  caller: Caller,
  trees: readonly Tree[],
  { options, reason }: { options: string[]; reason: string },
): Promise<void> {
  for (const record of await adoptTrees(caller, trees, options)) {
    const { name, code, stderr, outside, wokenUp, ended, bystanderIsSame, left = [], job } = record;
    assert.deepEqual([record.error, code], [undefined, 0], `${name}: ${stderr}`);
    const found = { outside, wokenUp, ended, bystanderIsSame, left };
    const right = { outside: [], wokenUp: [], ended: true, bystanderIsSame: true, left: [] };
    assert.deepEqual(found, right, name);
    assert.ok(record.inside >= trees.find((one) => one.name === name)!.atLeast, `${name}: ${record.inside}`);
    assert.deepEqual([job.reason, job.exitCode, job.signal], [reason, null, null], name);
    if (name === "stop-self") assert.ok(record.stopped > 0);
    assert.deepEqual(await leftOf(machine, [job.id]), []);
  }
}

for (const caller of allCallers(machine, "adopt")) {
  machineTest(machine, `adopt as ${caller.name} takes every descendant and nobody else`, async () => {
    await assertTakesAll(caller, [...FORKERS, ...PLAIN], { options: [], reason: "killed" });
  }, nativeOnly(machine));

  machineTest(machine, `adopt --timeout as ${caller.name} ends all of it at the deadline`, async () => {
    const options = ["--timeout", `${TIMEOUT_MS}ms`];
    await assertTakesAll(caller, PLAIN, { options, reason: "timeout" });
  }, nativeOnly(machine));
}

machineTest(machine, "adopt takes processes in every odd state, and leaves them in it", async () => {
  await assertTakesAll(root, ODD, { options: [], reason: "killed" });
}, nativeOnly(machine));
