/**
 * corral in the crontabs of root and of alice, under the cron of Debian. The crontabs are installed when this file is loaded, and cron fires
 * once a minute: by the time the other tests are through, the results are mostly there.
 */
import assert from "node:assert/strict";
import { cronCommand } from "../../../src/act/install/cron.ts";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { succeeded } from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const USERS = ["root", "alice"] as const;
const SCRIPT = "/usr/local/lib/corral-test/from-cron.sh";
const RESULT = "/tmp/corral-test-from-cron";
/** Till the next full minute, and what the script takes. */
const FIRE_MS = 90_000;
const TIMEOUT_S = 1;

/** What cron calls, once: it takes its line out of the crontab first. Sections are told apart by lines of `--`. */
const FROM_CRON = `#!/bin/sh
crontab -r
result=${RESULT}-$(id -un)
{
  echo "$PATH XDG_RUNTIME_DIR=\${XDG_RUNTIME_DIR-unset} DBUS_SESSION_BUS_ADDRESS=\${DBUS_SESSION_BUS_ADDRESS-unset}"
  echo --
  ${machine.corral} run --timeout ${TIMEOUT_S}s --grace 0 -- sh -c 'sed -n s/^0:://p /proc/self/cgroup; exec sleep 1000' 2>&1
  echo "code $?"
  echo --
  id=$(${machine.corral} run --detach --timeout 1h --ref "cron of $(id -un)" sleep 1000)
  echo "$id"
  echo --
  ${machine.corral} ps --json
} >$result.new
mv $result.new $result
`;

/** In alice's crontab as well: keeps the words that it is called with, each ended by a NUL. Its own path is not easy either. */
const ODD_PROGRAM = "/usr/local/lib/corral-test/show it's 100%.sh";
const ODD_WORDS = ["a b", "50%", "%d%m", "$HOME", "`id`", "it's", '"', "ü", ";", ""];
const ODD_RESULT = `${RESULT}-words`;
const KEEP_WORDS = `#!/bin/sh
printf '%s\\0' "$@" >${ODD_RESULT}.new
mv ${ODD_RESULT}.new ${ODD_RESULT}
`;

if (machine.slowness === 1) {
  await machine.putFile(SCRIPT, FROM_CRON, 0o755);
  await machine.putFile(ODD_PROGRAM, KEEP_WORDS, 0o755);
  const odd = `* * * * * ${cronCommand([ODD_PROGRAM, ...ODD_WORDS])}\n`;
  for (const user of USERS) {
    const stdin = `* * * * * ${SCRIPT}\n${user === "alice" ? odd : ""}`;
    succeeded(await machine.exec(["crontab", "-"], { user, stdin }));
  }
}

for (const user of USERS) {
  machineTest(machine, `corral run, --detach and ps work in the crontab of ${user}`, async () => {
    const waiting = `until cat ${RESULT}-${user} 2>/dev/null; do sleep 0.2; done`;
    const { stdout } = await machine.sh(waiting, { timeoutMs: FIRE_MS });
    const [environment, run, detached, ps] = stdout.split("--\n") as [string, string, string, string];
    assert.equal(environment, "/usr/bin:/bin XDG_RUNTIME_DIR=unset DBUS_SESSION_BUS_ADDRESS=unset\n");
    const manager = user === "root" ? "" : "/user.slice/user-1000.slice/user@1000.service";
    assert.match(
      run,
      new RegExp(
        `^corral: job (\\w+) started .*\n${manager}/corral.slice/corral-\\1.slice/corral-\\1.scope\n` +
          `corral: job \\1 ended: timeout after .*\ncode 124\n$`,
      ),
    );
    const id = detached.trim();
    const jobs = JSON.parse(ps) as { id: string; ref: string; state: string; procs: number }[];
    const { ref, state, procs } = jobs.find((job) => job.id === id)!;
    assert.deepEqual([ref, state, procs], [`cron of ${user}`, "running", 1]);
    const shown = succeeded(await machine.exec([machine.corral, "show", id, "--json"], { user }));
    assert.equal(JSON.parse(shown.stdout).processes.length, 1, "the detached job outlives the cron job");
    succeeded(await machine.exec([machine.corral, "kill", "--now", id], { user }));
    assert.deepEqual(await leftOf(machine, [id]), []);
  }, nativeOnly(machine));
}

machineTest(machine, "cronCommand() is what cron's shell understands as the same words", async () => {
  const waiting = `until cat ${ODD_RESULT} 2>/dev/null; do sleep 0.2; done`;
  const { stdout } = await machine.sh(waiting, { timeoutMs: FIRE_MS });
  assert.deepEqual(stdout.split("\0").slice(0, -1), ODD_WORDS);
}, nativeOnly(machine));
