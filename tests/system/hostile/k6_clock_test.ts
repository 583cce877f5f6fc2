/** K6: one reading of a wall clock that is wrong drops nothing. A machine with a clock of its own: the VM. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";
import { type Caller, succeeded } from "../machine/caller.ts";
import * as stage from "./stage.ts";
import { hostileTest, launch, ROOT } from "./stage.ts";

const machine = await machineUnderTest();
/** A container has the clock of this very machine: it must never be set. */
const OWN_CLOCK = {
  skip: machine.tier === "vm" ? false : "a container has no clock of its own, the VM shows it",
};

async function withClock(offset: string, back: string, body: () => Promise<void>): Promise<void> {
  if (machine.tier !== "vm") throw new Error("only a VM has a clock of its own");
  succeeded(await machine.sh(`timedatectl set-ntp false 2>/dev/null; date -s '${offset}'`));
  try {
    await body();
  } finally {
    succeeded(await machine.sh(`date -s '${back}'`));
  }
}

/** A job with an output file; its id. */
async function finished(caller: Caller): Promise<string> {
  const id = await caller.start([], ["echo", "kept"]);
  await caller.ended(id);
  assert.match(await stage.asRoot(machine, "ls $1/output", [caller.stateDir]), new RegExp(id));
  return id;
}

async function isKept(caller: Caller, id: string): Promise<void> {
  assert.equal((await caller.show(id)).reason, "exited");
  assert.match(await stage.asRoot(machine, "cat $1/output/$2.log", [caller.stateDir, id]), /^kept$/m);
}

for (const [ahead, back] of [["+91 days", "-91 days"], ["+20 years", "-20 years"]] as const) {
  hostileTest(
    machine,
    `K6: a sweep while the clock is ${ahead} off drops no record`,
    ROOT,
    async (caller) => {
      const id = await finished(caller);
      await withClock(ahead, back, async () => {
        succeeded(await caller.corral(["sweep"]));
        succeeded(await caller.corral(["sweep", "--quiet"]));
      });
      await isKept(caller, id);
    },
    OWN_CLOCK,
  );
}

hostileTest(
  machine,
  "K6: a clock that was 400 days behind when the jobs ran drops nothing when it is right",
  ROOT,
  async (caller) => {
    let id = "";
    await withClock("-400 days", "+400 days", async () => {
      id = await finished(caller);
    });
    succeeded(await caller.corral(["sweep"]));
    await isKept(caller, id);
  },
  OWN_CLOCK,
);

hostileTest(machine, "K6: a live job's age does not change with the clock", ROOT, async (caller) => {
  const id = await caller.start([], ["sleep", "100000"]);
  await withClock("+91 days", "-91 days", async () => {
    const { stdout } = succeeded(await caller.corral(["ps"]));
    const [, row = ""] = stdout.split("\n");
    assert.match(row, new RegExp(`^${id}`));
    assert.doesNotMatch(row, /\b\d+(d|w|y)\b|\b2[0-9]{3}h/, row);
  });
  await caller.end(id);
}, OWN_CLOCK);

hostileTest(machine, "K6: the deadline of a job does not change with the clock", ROOT, async (caller) => {
  const id = await caller.start(["--timeout", "1h"], ["sleep", "100000"]);
  await withClock("+91 days", "-91 days", async () => {
    succeeded(await caller.corral(["sweep"]));
    assert.equal((await caller.show(id)).state, "running");
  });
  await caller.end(id);
}, OWN_CLOCK);

hostileTest(
  machine,
  "K6: old records are not dropped in the first hour after a boot",
  ROOT,
  async (caller) => {
    if (Number((await machine.readFile("/proc/uptime")).split(" ")[0]) > 3_300) return; // no young machine any more
    const id = await finished(caller);
    const old =
      "created_at_ms = created_at_ms - 8640000000, started_at_ms = started_at_ms - 8640000000, ended_at_ms = ended_at_ms - 8640000000";
    await runGuestProgram(machine, "system/hostile/edit_row.py", {
      store: caller.stateDir,
      id,
      assignments: old,
    });
    // A newer one beside it, so that the clock is believable.
    await finished(caller);
    succeeded(await caller.corral(["sweep"]));
    await isKept(caller, id);
  },
  OWN_CLOCK,
);

hostileTest(machine, "K6: prune says how many records it drops", ROOT, async (caller) => {
  for (let times = 0; times < 2; times++) succeeded(await caller.exec(launch(caller, ["--quiet"], ["true"])));
  const { stdout } = succeeded(await caller.corral(["prune", "--older-than", "1ms"]));
  assert.match(stdout, /\b2\b/);
});

/** As systemd-time-wait-sync on a node without a network: the target is on its way for ever. */
const NEVER_IN_TIME = `[Unit]
DefaultDependencies=no
Before=time-sync.target
[Service]
Type=oneshot
ExecStart=/bin/sleep infinity
`;
/** The target itself may only be wanted. */
const WANTS_TIME = `[Unit]
DefaultDependencies=no
Wants=hostile-wait.service time-sync.target
`;

machineTest(machine, "K6: the sweep's timer does not wait for a clock that is never set", async () => {
  const units = "/run/systemd/system";
  await machine.putFile(`${units}/hostile-wait.service`, NEVER_IN_TIME);
  await machine.putFile(`${units}/hostile-time.target`, WANTS_TIME);
  const install = `systemctl daemon-reload; systemctl start --no-block hostile-time.target
    until test "$(systemctl show -P ActiveState hostile-wait.service)" = activating; do sleep 0.1; done
    systemctl list-jobs | grep -q 'time-sync.target *start *waiting' || { echo no job; exit; }
    timeout 20 ${machine.corral} install --sweep-every 5m; systemctl show -P ActiveState corral-sweep.timer`;
  try {
    const { stdout } = await machine.sh(install, { timeoutMs: 60_000 });
    assert.equal(stdout.trim().split("\n").at(-1), "active", stdout);
  } finally {
    await machine.sh(
      `systemctl stop --no-block hostile-time.target hostile-wait.service; ${machine.corral} uninstall
      rm ${units}/hostile-wait.service ${units}/hostile-time.target; systemctl daemon-reload; systemctl reset-failed`,
      { timeoutMs: 60_000 },
    );
  }
}, nativeOnly(machine));
