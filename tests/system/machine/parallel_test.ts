/** Many launches at one moment: nobody is refused by systemd or by the store. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { Caller, succeeded } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
/** Half a minute's work: each user's many on one release, fewer on the other. */
const MANY_OF = machine.suite === "bookworm" ? "root" : "alice";
const TIMEOUT_MS = 180_000;

/** Starts $1 of them; prints what any of them said, then how many failed. */
const AT_ONCE = `pids= failed=0
  for number in $(seq "$1"); do
    "$0" run --quiet --ref "$number" true 2>&1 &
    pids="$pids $!"
  done
  for pid in $pids; do wait "$pid" || failed=$((failed + 1)); done
  echo "$failed failed"`;
/** Prints state, reason and id of every job in the store. */
const ROWS = `import glob, sqlite3, sys
[store] = glob.glob(sys.argv[1])
for row in sqlite3.connect(store).execute("SELECT state, reason, id FROM jobs"): print(*row)`;

for (const user of ["root", "alice"] as const) {
  const jobs = user === MANY_OF ? 200 : 50;
  machineTest(machine, `${jobs} corral run at once of ${user} all succeed`, async () => {
    const caller = new Caller(machine, user, "systemd", "parallel");
    // The store is made by whoever comes first of them.
    const startMs = Date.now();
    const argv = ["/bin/sh", "-c", AT_ONCE, machine.corral, String(jobs)];
    const { stdout } = succeeded(await caller.exec(argv, { timeoutMs: TIMEOUT_MS }));
    console.log(`${jobs} corral run at once of ${user}: ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
    assert.equal(stdout, "0 failed\n");
    // A launch waits a second for the store, and leaves what it could not write to the next sweep.
    succeeded(await caller.corral(["sweep", "--quiet"]));
    const store = `${caller.stateDir}/*.db`;
    const rows = succeeded(await machine.exec(["python3", "-c", ROWS, store])).stdout.trim().split("\n");
    const ids = rows.map((row) => row.replace(/^ended exited /, ""));
    assert.equal(new Set(ids).size, jobs);
    assert.deepEqual(ids.filter((id) => !/^[a-z0-9]{6}$/.test(id)), [], "all have ended well");
    assert.deepEqual(await leftOf(machine, ids), []);
  }, nativeOnly(machine));
}
