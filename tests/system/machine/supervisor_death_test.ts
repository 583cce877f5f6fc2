/** A supervisor that is killed leaves a row that says so, nothing untracked, and a job that systemd still ends. */
import assert from "node:assert/strict";
import { BACKSTOP_MARGIN_MS } from "../../../src/backend/backend.ts";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const TIMEOUT_MS = 1_000 * machine.slowness;
/** From the deadline to the end by systemd: grace (none), the margin, and what systemd takes. */
const ENDED_WITHIN_S = BACKSTOP_MARGIN_MS / 1000 + 3 * machine.slowness;

interface Found {
  allKilled: boolean;
  /** Numbers of rows by state, ` populated` after it when a process of the job lives. */
  census: Record<string, number>;
  untracked: string[];
  ranUnrecorded: string[];
  listed: boolean;
  overdue?: boolean;
  /** Jobs without a time-out that still live. */
  stillRunning: number;
  kill: { code: number; stderr: string };
  ended: string[];
  left: string[];
  empty: boolean;
}

const ALICE = ["setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "env", "HOME=/home/alice"];
const CALLERS = [
  { name: "root on systemd", prefix: [], backend: "systemd", tries: 40 },
  { name: "root on cgroupfs", prefix: [], backend: "cgroupfs", tries: 12 },
  { name: "alice on systemd", prefix: ALICE, backend: "systemd", tries: 12 },
] as const;

for (const { name, prefix, backend, tries } of CALLERS) {
  machineTest(
    machine,
    `kill -9 of a supervisor of ${name} at any moment loses no job (${tries})`,
    async () => {
      const stateDir = `/tmp/corral-test-death-${name.replaceAll(" ", "-")}`;
      const corral = [...prefix, machine.corral, "--state-dir", stateDir];
      const found = await runGuestProgram<Found>(machine, "system/machine/supervisor_death.py", {
        corral,
        store: `${stateDir}/*.db`,
        options: ["--backend", backend],
        tries,
        timeoutMs: TIMEOUT_MS,
        endedWithinS: backend === "systemd" ? ENDED_WITHIN_S : null,
      });
      console.log(`${name}: ${JSON.stringify(found.census)} after the kill, then ${found.ended.join(", ")}`);
      const { census, ended, stillRunning, overdue, ...rest } = found;
      assert.deepEqual(rest, {
        allKilled: true,
        untracked: [],
        ranUnrecorded: [],
        listed: true,
        kill: { code: 0, stderr: "" },
        left: [],
        empty: true,
      });
      assert.equal(overdue ?? false, false, "systemd ends a job with a time-out");
      // At least the two whose launch was timed.
      assert.ok(stillRunning >= 2, "without a time-out nobody ends a job");
      assert.ok(census["running populated"]! >= 2);
      for (const state of Object.keys(census)) assert.match(state, /^(starting|running)( populated)?$/);
      for (const state of ended) assert.match(state, /^ended (killed|exited|failed-to-start|orphaned)$/);
    },
    nativeOnly(machine),
  );
}
