/**
 * A store with rows that lie: cgroups and processes that are not the job's, values that mean nothing. Nothing outside of the jobs is
 * touched, every lie is reported, and one job's damage is none to the others. (cgroupfs has no symbolic links; file_test.ts has.)
 */
import assert from "node:assert/strict";
import type { BackendName } from "../../../src/job/job.ts";
import { machineTest, machineUnderTest, onceOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const LIMIT_MS = 180_000;

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

interface Found {
  /** Name of what was tampered with to the job. */
  ids: Record<string, string>;
  ps: Result;
  sweep: Result;
  show: Record<string, Result>;
  kill: Result;
  /** Once the rows say the truth again. */
  restored: Result;
  again: Result;
  /** Names of those whose processes live. */
  aliveAfterSweep: string[];
  aliveAfterKill: string[];
  /** Anything was written to the cgroup of a bystander. */
  touched: boolean;
  victim: { state: string; signals: string };
  othersAlive: boolean[];
  sees: boolean;
  states: string[];
  left: string[];
}

interface Finding {
  kind: string;
  id: string;
  message: string;
}

/** Their cgroup is their own: a lie about pids changes nothing. */
const ENDED_BY_SWEEP = ["nothing", "pid 1", "pid of somebody's"];
/** Another boot id is no reboot while the cgroup is there: the sweep reports it. */
const OTHER_BOOT = "boot";
/** A supervisor that lives is left its job by the sweep. */
const ENDED_BY_KILL = ["supervisor 1", OTHER_BOOT];
/** What seems to be gone is recorded so. */
const TAKEN_FOR_LOST = ["path of nothing"];
/** systemd, asked to clear away what may be left of the units of a job whose cgroup has gone, ends it. */
const GONE_WITH_ITS_UNITS = "path of nothing";
const NO_PATHS = ["path with ..", "path with a slash at its end", "path without a slash"];

function isDamaged(name: string): boolean {
  return name.startsWith("damaged ");
}

const BACKENDS: readonly BackendName[] = ["systemd", "cgroupfs"];
let trying: Promise<Found>[] | undefined;

function tryTampered(backend: BackendName): Promise<Found> {
  const request = { corral: machine.corral, base: `/tmp/corral-test-tampered-${backend}`, backend };
  return runGuestProgram<Found>(machine, "system/machine/tampered_store.py", request, {
    timeoutMs: LIMIT_MS,
  });
}

for (const [index, backend] of BACKENDS.entries()) {
  machineTest(machine, `nothing but a job's own is touched for rows that lie (${backend})`, async () => {
    // Side by side: a supervisor that is said to live is waited for.
    trying ??= BACKENDS.map(tryTampered);
    const found = await trying[index]!;
    const names = Object.keys(found.ids);
    const nameOf = new Map(names.map((name) => [found.ids[name]!, name]));
    const { touched, victim, othersAlive, sees } = found;
    assert.deepEqual([touched, victim, othersAlive], [false, { state: "S", signals: "" }, [true, true]]);
    assert.ok(sees);
    // A sweep ends what is certain and reports the rest: the row, and the cgroup that bears the job's name.
    assert.deepEqual([found.sweep.code, found.sweep.stderr], [0, ""]);
    const { acts, findings } = JSON.parse(found.sweep.stdout) as {
      acts: { id: string; outcome: string; reason: string }[];
      findings: Finding[];
    };
    assert.deepEqual(
      acts.map(({ id, outcome, reason }) => `${nameOf.get(id)}: ${outcome}, ${reason}`).sort(),
      [
        ...ENDED_BY_SWEEP.map((name) => `${name}: ended, orphaned`),
        ...TAKEN_FOR_LOST.map((name) => `${name}: ended, lost`),
      ].sort(),
    );
    const refused = names.filter((name) =>
      ![...ENDED_BY_SWEEP, ...ENDED_BY_KILL, ...TAKEN_FOR_LOST].includes(name)
    );
    const kindsOf = (name: string) =>
      findings.filter(({ id }) => nameOf.get(id) === name).map(({ kind }) => kind).sort();
    assert.deepEqual(kindsOf(OTHER_BOOT), ["other-boot"]);
    for (const name of refused) {
      const row = isDamaged(name) || NO_PATHS.includes(name) ? "unreadable" : "foreign-cgroup";
      const cgroup = name.startsWith("inode") ? [] : ["unknown-cgroup"];
      assert.deepEqual(kindsOf(name), [row, ...cgroup].sort(), name);
    }
    const alive = names.filter((name) =>
      !ENDED_BY_SWEEP.includes(name) && (backend !== "systemd" || name !== GONE_WITH_ITS_UNITS)
    );
    assert.deepEqual(found.aliveAfterSweep, alive);
    // `ps` and `show` show what can be shown.
    const listed = (JSON.parse(found.ps.stdout) as { id: string }[]).map(({ id }) => nameOf.get(id)).sort();
    assert.deepEqual(listed, names.filter((name) => !isDamaged(name)).sort());
    assert.equal(found.ps.code, 1);
    assert.equal(found.ps.stderr.trim().split("\n").length, names.filter(isDamaged).length);
    for (const [name, { code, stderr }] of Object.entries(found.show)) {
      if (isDamaged(name)) assert.match(stderr, /^corral: .*: the row of job "\w{6}" is damaged: .*\n$/);
      assert.deepEqual([code, isDamaged(name) ? "" : stderr], [isDamaged(name) ? 1 : 0, ""], name);
    }
    // `kill --all` likewise.
    assert.equal(found.kill.code, 1);
    assert.deepEqual(
      found.kill.stdout.trim().split("\n").map((line) => nameOf.get(line.slice(0, 6))).sort(),
      ENDED_BY_KILL.toSorted(),
    );
    const said = found.kill.stderr.trim().split("\n");
    assert.equal(said.length, refused.length, found.kill.stderr);
    for (const line of said) {
      assert.match(line, /^corral: (job \w{6}: not ended: .*|.*: the row of job "\w{6}" is damaged: .*)$/);
      assert.doesNotMatch(line, /unexpected|\.ts|\.js/);
    }
    assert.deepEqual(found.aliveAfterKill, alive.filter((name) => !ENDED_BY_KILL.includes(name)));
    // With the truth back in the rows, nothing was lost.
    assert.deepEqual([found.restored.code, found.restored.stderr], [0, ""]);
    assert.deepEqual(found.states, ["ended"]);
    assert.deepEqual((JSON.parse(found.again.stdout) as { acts: unknown[] }).acts, []);
    assert.deepEqual(found.left, []);
  }, onceOnly(machine));
}
