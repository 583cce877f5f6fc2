/** A job that exceeds --memory dies whole, and its record says so; what dies otherwise is not called so. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../machine/for_test.ts";
import { allCallers, type FinishedRun } from "./caller.ts";
import { leftOf } from "./guest_program.ts";

const machine = await machineUnderTest();
const callers = allCallers(machine, "oom");
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

/** Each under --memory 64M. */
const CASES = {
  "fills it from one of many sessions": { argv: ["python3", "-c", SESSIONS], options: [] },
  "fills it from a child of a shell": {
    argv: ["/bin/sh", "-c", 'python3 -c "$0"; echo "the shell survived"; sleep 1000', FILL],
    options: [],
  },
  "fills it while dying": {
    argv: ["python3", "-c", FILL_ON_TERM],
    options: ["--timeout", "3s", "--grace", "60s"],
  },
  "dies of its own SIGKILL": { argv: ["/bin/sh", "-c", "kill -KILL $$"], options: [] },
  "exits with 137 by itself": { argv: ["/bin/sh", "-c", "exit 137"], options: [] },
} as const;
type CaseName = keyof typeof CASES;

const running = new Map<CaseName, Promise<FinishedRun>[]>();
/** One case for all callers side by side, by whichever test comes first. */
function runsOf(name: CaseName): Promise<FinishedRun>[] {
  const { argv, options } = CASES[name];
  const runs = running.get(name) ??
    callers.map((caller) => caller.run(["--memory", "64M", ...options], argv));
  running.set(name, runs);
  return runs;
}

function testCase(name: CaseName, check: (run: FinishedRun) => void): void {
  for (const [index, caller] of callers.entries()) {
    machineTest(machine, `a job of ${caller.name} that ${name}`, async () => {
      const run = await runsOf(name)[index]!;
      check(run);
      assert.deepEqual(await leftOf(machine, [run.job.id]), []);
    }, { needs: ["memory"] });
  }
}

function diedOfMemory({ code, stdout, stderr, job }: FinishedRun): void {
  assert.equal(job.reason, "oom", stderr);
  assert.equal(code, 137);
  assert.equal(stdout, "");
  assert.deepEqual([job.exitCode, job.signal], [null, "KILL"]);
  assert.match(stderr, /^corral: job \w+ ended: oom after .*\(died of KILL, cpu .*, memory peak 64.0M\)$/m);
}

function filledMemory({ job }: FinishedRun): void {
  const { memoryPeakBytes, oomKills } = job.usage;
  assert.ok(Math.abs(memoryPeakBytes! / LIMIT_BYTES - 1) < 0.05, `peak ${memoryPeakBytes}`);
  assert.ok(oomKills! > 0);
}

for (const name of ["fills it from one of many sessions", "fills it from a child of a shell"] as const) {
  testCase(name, (run) => {
    diedOfMemory(run);
    filledMemory(run);
  });
}

testCase("fills it while dying", (run) => {
  // The first reason wins: it was overdue before it was out of memory.
  assert.equal(run.job.reason, "timeout", run.stderr);
  assert.equal(run.code, 124);
  assert.equal(run.job.signal, "KILL");
  assert.ok(run.job.usage.wallMs! < 60_000, "the grace was waited for although nothing was left");
  filledMemory(run);
});

testCase("dies of its own SIGKILL", ({ code, job }) => {
  assert.deepEqual([code, job.reason, job.signal], [137, "signaled", "KILL"]);
  assert.equal(job.usage.oomKills, 0);
});

testCase("exits with 137 by itself", ({ code, job }) => {
  assert.deepEqual([code, job.reason, job.exitCode, job.signal], [137, "exited", 137, null]);
});
