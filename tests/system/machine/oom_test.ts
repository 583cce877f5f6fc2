/** A job that exceeds --memory dies whole, and its record says so; what dies otherwise is not called so. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import {
  allCallers,
  Caller,
  CGROUP_MOUNT,
  type FinishedRun,
  succeeded,
  unlikeCallers,
  until,
} from "./caller.ts";
import { leftOf } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const everybody = allCallers(machine, "oom");
const LIMIT_BYTES = 64 * 1024 * 1024;

const FILL = "held = []\nwhile True: held.append(bytearray(1 << 20))";
/** Five processes in as many sessions, one of which fills the memory of all. */
const SESSIONS = `
import os, signal
for index in range(5):
    if os.fork() == 0:
        os.setsid()
        if index < 4:
            signal.pause()
        ${FILL.replace("\n", "\n        ")}
signal.pause()`;
const FILL_ON_TERM = `
import signal
def fill(*_):
    ${FILL.replace("\n", "\n    ")}
signal.signal(signal.SIGTERM, fill)
while True: signal.pause()`;

interface Case {
  argv: readonly string[];
  options?: readonly string[];
  check(run: FinishedRun): void;
}

function diedOfMemory({ code, stdout, stderr, job }: FinishedRun): void {
  assert.equal(job.reason, "oom", stderr);
  assert.equal(code, 137);
  assert.equal(stdout, "");
  assert.deepEqual([job.exitCode, job.signal], [null, "KILL"]);
  assert.match(
    stderr,
    /^corral: job \w+ ended: oom after .*\(died of KILL, cpu .*, memory peak 64.0M, reached its own limit of 64.0M\)$/m,
  );
  filledMemory(job);
}

function filledMemory({ usage }: FinishedRun["job"]): void {
  assert.ok(Math.abs(usage.memoryPeakBytes! / LIMIT_BYTES - 1) < 0.05, `peak ${usage.memoryPeakBytes}`);
  assert.ok(usage.oomKills! > 0);
}

/** For several callers side by side, each under --memory 64M. */
function testCase(
  name: string,
  { argv, options = [], check }: Case,
  asWhom = unlikeCallers(machine, "oom"),
): void {
  machineTest(machine, `a job that ${name}`, async () => {
    const runs = await Promise.all(asWhom.map((caller) => caller.run(["--memory", "64M", ...options], argv)));
    for (const run of runs) check(run);
    assert.deepEqual(await leftOf(machine, runs.map(({ job }) => job.id)), []);
  }, { needs: ["memory"] });
}

testCase("fills its memory from one of many sessions", {
  argv: ["python3", "-c", SESSIONS],
  check: diedOfMemory,
}, everybody);

testCase("fills its memory from a child of a shell", {
  argv: ["/bin/sh", "-c", 'python3 -c "$0"; echo "the shell survived"; sleep 1000', FILL],
  check: diedOfMemory,
});

testCase("fills its memory while dying", {
  argv: ["python3", "-c", FILL_ON_TERM],
  options: ["--timeout", "5s", "--grace", "100s"],
  check({ code, stderr, job }) {
    // The first reason wins: it was overdue before it was out of memory.
    assert.equal(job.reason, "timeout", stderr);
    assert.deepEqual([code, job.signal], [124, "KILL"]);
    assert.ok(job.usage.wallMs! < 100_000, "the grace was waited for although nothing was left");
    filledMemory(job);
  },
});

testCase("dies of its own SIGKILL is none that ran out of memory", {
  argv: ["/bin/sh", "-c", "kill -KILL $$"],
  check({ code, job }) {
    assert.deepEqual([code, job.reason, job.signal], [137, "signaled", "KILL"]);
    assert.equal(job.usage.oomKills, 0);
  },
}, everybody.slice(0, 1));

testCase("exits with 137 by itself is none that ran out of memory", {
  argv: ["/bin/sh", "-c", "exit 137"],
  check({ code, job }) {
    assert.deepEqual([code, job.reason, job.exitCode, job.signal], [137, "exited", 137, null]);
  },
}, everybody.slice(0, 1));

machineTest(machine, "a job dies whole also after systemd has taken memory.oom.group back", async () => {
  const caller = new Caller(machine, "root", "systemd", "oom-reload");
  const go = "/tmp/corral-test-oom-go";
  const script =
    `until test -e ${go}; do sleep 0.1; done; python3 -c "$0"; echo the shell survived; sleep 1000`;
  const id = await caller.start(["--memory", "64M"], ["/bin/sh", "-c", script, FILL]);
  try {
    const { cgroupPath } = await caller.show(id);
    const file = `${CGROUP_MOUNT}${cgroupPath}/memory.oom.group`;
    // systemd 252 writes 0 when it applies the slice anew; what later ones do is done by hand.
    succeeded(
      await machine.sh(
        `systemctl daemon-reload; systemctl set-property --runtime corral-${id}.slice MemoryMax=64M; echo 0 >${file}`,
      ),
    );
    await until(caller, "the supervisor has written it again", `grep -qx 1 ${file}`, 90_000);
    succeeded(await machine.sh(`touch ${go}`));
    const { reason } = await caller.ended(id);
    assert.equal(reason, "oom");
    assert.deepEqual(await leftOf(machine, [id]), []);
  } finally {
    await caller.end(id);
    await machine.sh(`rm -f ${go}`);
  }
}, { needs: ["memory"] });
