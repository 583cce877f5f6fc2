/** kill -9 of corral at every step of launching, ending and collecting: one sweep later every job is over and nothing is left. */
import assert from "node:assert/strict";
import { type Crash, matrix, type MatrixCase } from "./matrix.ts";
import { CRASHING_CORRAL } from "../../kit/machine/guest_files.ts";
import { machineTest, machineUnderTest, nativeOnly, onceOnly } from "../../kit/machine/for_test.ts";
import { linesOfSweep } from "../machine/caller.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const LIMIT_MS = 300_000;
const CASES = matrix().filter(({ isOnce }) => !isOnce || onceOnly(machine).skip === undefined).map((
  made,
) => ({ ...made, key: keyOf(made) }));

interface Swept {
  code: number;
  stdout: string;
  stderr: string;
}

interface Record {
  key: string;
  /** Of SIGKILL, at the step. */
  died: boolean;
  /** Words of a detached supervisor, by its caller. */
  said: string;
  /** The command did. */
  ran: boolean;
  /** How often the first signal was delivered. */
  firstSignals: number;
  /** Exit code of the first process of a detached run whose second one was killed. */
  callerCode: number | null;
  /** All processes that were to be adopted live on; null where none were. */
  spared: boolean | null;
  row: { id: string; state: string; reason: string; survivors: string; cpu_usage_usec: number | null } | null;
  events: string[];
}

interface Found {
  records: Record[];
  /** Each of its store, and the same once more where many jobs shared one. */
  sweeps: Swept[];
  again: Swept[];
  left: string[];
}

function keyOf({ step, victim, passes, backend }: MatrixCase): string {
  return `${step} ${victim} ${passes} ${backend}`.replace(/[^a-z0-9]+/g, "-");
}

function label({ step, victim, passes, backend }: MatrixCase): string {
  return `${step}${passes === 0 ? "" : ` (time ${passes + 1})`}, ${victim} on ${backend}`;
}

/** How the job ended, or what is wrong with that. */
function verdict({ reasons, signalsLate }: Crash, record: Record): string {
  const { died, ran, firstSignals, spared, row, events } = record;
  if (!died) return `WRONG: it did not die there: ${record.said}`;
  if (row === null) return reasons.length === 0 ? "not recorded" : "WRONG: not recorded";
  const { state, reason, survivors, cpu_usage_usec } = row;
  const said = `${state} ${reason}${ran ? ", ran" : ""}${firstSignals > 0 ? ", told to end" : ""}`;
  const isRight = state === "ended" && survivors === "[]" && reasons.some((allowed) => allowed === reason) &&
    events.filter((kind) => kind === "ended").length === 1 &&
    ["running", "ending"].every((once) => events.filter((kind) => kind === once).length <= 1) &&
    (!ran || (cpu_usage_usec ?? 0) > 0) &&
    firstSignals <= 1 && (!signalsLate || firstSignals === 1) &&
    (spared === null || spared === (reason === "failed-to-start"));
  return isRight ? said : `WRONG: ${said}: ${JSON.stringify({ row, firstSignals, spared, events })}`;
}

machineTest(
  machine,
  `one sweep puts right a kill -9 of corral at every step (${CASES.length})`,
  async () => {
    const { records, sweeps, again, left } = await runGuestProgram<Found>(
      machine,
      "system/crash/crash_matrix.py",
      {
        corral: machine.corral,
        crashing: CRASHING_CORRAL,
        base: "/tmp/corral-test-crash",
        cases: CASES,
      },
      { timeoutMs: LIMIT_MS },
    );
    const byKey = new Map(records.map((record) => [record.key, record]));
    const lines = CASES.map((made) => `${label(made)}: ${verdict(made, byKey.get(made.key)!)}`);
    console.log(lines.join("\n"));
    assert.deepEqual(lines.filter((line) => line.includes("WRONG")), []);
    for (const { code, stderr } of sweeps) assert.deepEqual([code, stderr], [0, ""]);
    for (const { code, stdout, stderr } of again) {
      const lines = linesOfSweep(stdout).filter((line) => line !== "nothing to do");
      assert.deepEqual([code, lines, stderr], [0, [], ""]);
    }
    for (const { callerCode } of records) {
      assert.ok(callerCode === null || callerCode === 125, String(callerCode));
    }
    assert.deepEqual(left, []);
  },
  nativeOnly(machine),
);
