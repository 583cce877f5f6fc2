/**
 * The node went down with jobs on it: a second boot finds the store of the first, strangers at every pid and in every cgroup that it
 * names, and a boot id that is another. (Each container has a boot id of its own.)
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import type { BackendName } from "../../../src/job/job.ts";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import type { Suite } from "../../kit/machine/images.ts";
import type { Machine } from "../../kit/machine/machine.ts";
import { bootNspawn } from "../../kit/machine/nspawn.ts";
import { Caller, succeeded } from "./caller.ts";
import { leftOf, runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
/** Not in /tmp, which a boot empties. */
const STATE_DIR = "/var/lib/corral-test-reboot";
const STORE = `${STATE_DIR}/corral.db`;
const SLEEP = ["sleep", "1000"];
/** Pids from here on, that a node which is just up gives nobody. */
const HIGH_PIDS = `last=/proc/sys/kernel/ns_last_pid
  [ $(cat $last) -gt 20000 ] || unshare --mount sh -ec "mount -o remount,rw,bind /proc/sys; echo 20000 >$last"`;

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

interface Found {
  ps: Result;
  dryRun: Result;
  sweep: Result;
  again: Result;
  kill: Result;
  /** State, reason and survivors by id. */
  rows: Record<string, string>;
  squatters: { state: string; signals: string }[];
  touched: boolean;
  sees: boolean;
}

/** What the store says when the node goes down. */
interface Before {
  /** As one file. */
  store: Uint8Array;
  /** Cgroup paths by id, in the order running (twice), ending, starting, unkillable. */
  paths: Record<string, string>;
  pids: number[];
}

async function runUntilTheEnd(): Promise<Before> {
  const caller = new Caller(machine, "root", "systemd", "reboot");
  const backends: BackendName[] = ["systemd", "cgroupfs", "systemd", "cgroupfs", "systemd"];
  succeeded(await machine.sh(HIGH_PIDS));
  const starting = backends.map((backend) => caller.start(["--backend", backend], SLEEP));
  const ids = await Promise.all(starting);
  const jobs = await Promise.all(ids.map((id) => caller.show(id)));
  const states = { [ids[2]!]: "ending", [ids[3]!]: "starting", [ids[4]!]: "unkillable" };
  const copied = await runGuestProgram<string>(machine, "system/machine/store_copy.py", {
    store: `${caller.stateDir}/corral.db`,
    states,
  });
  await caller.end(...ids);
  assert.deepEqual(await leftOf(machine, ids), []);
  return {
    store: Buffer.from(copied, "base64"),
    paths: Object.fromEntries(jobs.map(({ id, cgroupPath }) => [id, cgroupPath])),
    pids: jobs.flatMap(({ pid, supervisorPid }) => [pid, supervisorPid]),
  };
}

/** The same node, up again, with that store in its place. */
async function bootAgain(store: Uint8Array): Promise<Machine> {
  const directory = await Deno.makeTempDir();
  try {
    const file = join(directory, "corral.db");
    await Deno.writeFile(file, store, { mode: 0o600 });
    return await bootNspawn(machine.suite as Suite, { [STORE]: file });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

machineTest(
  machine,
  "after a reboot every job is lost, and whoever has its pid or its cgroup now is spared",
  async () => {
    const before = await runUntilTheEnd();
    const ids = Object.keys(before.paths);
    const again = await bootAgain(before.store);
    try {
      const { paths, pids } = before;
      const request = { corral: again.corral, stateDir: STATE_DIR, paths, pids };
      const found = await runGuestProgram<Found>(again, "system/machine/reboot_squatters.py", request);
      const [running, running2, ending, starting, unkillable] = ids as [
        string,
        string,
        string,
        string,
        string,
      ];
      assert.deepEqual(found.rows, {
        [running]: "ended lost []",
        [running2]: "ended lost []",
        [ending]: "ended timeout []",
        [starting]: "ended lost []",
        [unkillable]: "ended unkillable []",
      });
      const squatter = { state: "S", signals: "" };
      assert.deepEqual(found.squatters, pids.map(() => squatter));
      assert.deepEqual([found.touched, found.sees], [false, true]);
      for (const { code, stderr } of [found.ps, found.dryRun, found.sweep, found.again]) {
        assert.deepEqual([code, stderr], [0, ""]);
      }
      for (const { stdout } of [found.dryRun, found.sweep]) {
        const { acts, findings } = JSON.parse(stdout) as {
          acts: { id: string; action: string }[];
          findings: unknown[];
        };
        assert.deepEqual(
          acts.map(({ id, action }) => `${id} ${action}`).sort(),
          ids.map((id) => `${id} collect`).sort(),
        );
        assert.deepEqual(findings, []);
      }
      assert.equal(found.again.stdout, "nothing to do\n");
      assert.equal(found.kill.code, 1);
      assert.equal(
        found.kill.stderr,
        ids.map((id) => `corral: job ${id}: not ended: it has ended already\n`).join(""),
      );
    } finally {
      await again.stop();
    }
  },
  nativeOnly(machine),
);
