/** `corral run --with-parent`: the job ends with the process that called corral, and with no other. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";
import { Caller, IN_OWN_CGROUP, unlikeCallers, until } from "./caller.ts";

const machine = await machineUnderTest();

/** Starts the command line after it from a thread that then ends, says so, and lives until it is killed. */
const FROM_A_THREAD = `
import subprocess, sys, threading, time
thread = threading.Thread(target=lambda: subprocess.Popen(sys.argv[2:]))
thread.start()
thread.join()
open(sys.argv[1], "w").close()
time.sleep(1000)
`;

/** Two jobs of one caller, one of which is to go with it: their refs. */
async function startBoth(caller: Caller) {
  const mark = `${caller.stateDir}-thread-has-ended`;
  const parents = [];
  for (const [ref, option] of [["goes", ["--with-parent"]], ["stays", []]] as const) {
    const run = [machine.corral, "run", "--backend", caller.backend, ...option, "--quiet", "--ref", ref];
    const argv = ["python3", "-c", FROM_A_THREAD, `${mark}-${ref}`, ...run, "--", "sleep", "1000"];
    const env = { CORRAL_STATE_DIR: caller.stateDir, XDG_RUNTIME_DIR: "/run/user/1000" };
    const scope = caller.user === "root" ? [] : IN_OWN_CGROUP;
    parents.push(await machine.spawn([...scope, ...argv], { user: caller.user, env }));
    await until(caller, `${ref} runs`, `test -e ${mark}-${ref} && ${state(ref, "running")}`);
  }
  return parents;
}

const state = (ref: string, word: string) =>
  `${machine.corral} show ref:${ref} --json | grep -q '"state": "${word}"'`;

for (const caller of unlikeCallers(machine, "with-parent")) {
  machineTest(machine, `--with-parent ends a job of ${caller.name} with its caller`, async () => {
    const parents = await startBoth(caller);
    // Longer than the supervisor's look at its caller: the thread that started it is gone, the process lives.
    const before = await caller.show("ref:goes");
    await until(caller, "a second has passed", `sleep 1.5`);
    assert.equal((await caller.show("ref:goes")).state, "running");
    for (const parent of parents) await parent.kill("SIGKILL");
    const gone = await caller.ended("ref:goes");
    assert.deepEqual([gone.reason, gone.survivors], ["orphaned", []]);
    assert.deepEqual(gone.events.filter(({ kind }) => kind === "ending").map(({ actor }) => actor), ["run"]);
    assert.deepEqual(await leftOf(machine, [before.id]), []);
    assert.equal((await caller.show("ref:stays")).state, "running");
    await caller.end("ref:stays");
  }, nativeOnly(machine));
}
