/** INT, TERM and HUP to `corral run` end its job, at whatever moment they come. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest, nativeOnly } from "../../kit/machine/for_test.ts";
import { runGuestProgram } from "../../kit/guest/guest_program.ts";

const machine = await machineUnderTest();
const STOPPING = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };
const EARLY_TRIES = 50;

/** What signals.py tells of one run. */
interface Ended {
  code: number;
  reason: string;
  left: string[];
  /** Numbers of the signals that the job saw. */
  got: number[];
  text: string;
}

function act<Output>(what: string, rest: Record<string, unknown> = {}): Promise<Output> {
  const stateDir = `/tmp/corral-test-signals-${what}`;
  const corral = [machine.corral, "--state-dir", stateDir];
  const input = { corral, store: `${stateDir}/corral.db`, do: what, ...rest };
  return runGuestProgram(machine, "system/machine/signals.py", input);
}

function assertEnded(found: Ended, expected: { code: number; got: number[] }): void {
  const { code, reason, left, got, text } = found;
  assert.deepEqual({ code, reason, left, got }, { ...expected, reason: "killed", left: [] }, text);
}

/** As subprocess has it: -N after death of signal N, of which corral dies itself after INT. */
function codeAfter(number: number): number {
  return number === STOPPING.SIGINT ? -number : 128 + number;
}

machineTest(
  machine,
  "a signal to corral run ends the job; INT ends corral too, the others give 128+N",
  async () => {
    const found = await act<Record<string, Ended>>("once");
    for (const [name, number] of Object.entries(STOPPING)) {
      assertEnded(found[name]!, { code: codeAfter(number), got: [] });
      assert.match(found[name]!.text, /ended: killed after .* \(died of TERM,/);
    }
  },
);

machineTest(machine, "a second signal skips the grace", async () => {
  const found = await act<Record<string, Ended>>("twice");
  for (const [name, number] of Object.entries(STOPPING)) {
    assertEnded(found[name]!, { code: codeAfter(number), got: [15] });
  }
}, nativeOnly(machine));

machineTest(machine, "a signal that was ignored when corral was started stays ignored", async () => {
  assertEnded(await act<Ended>("nohup"), { code: codeAfter(STOPPING.SIGINT), got: [15] });
}, nativeOnly(machine));

machineTest(machine, "--signal chooses the first signal, a real-time one too", async () => {
  const found = await act<Record<string, Ended>>("first");
  assertEnded(found["INT"]!, { code: 128 + STOPPING.SIGTERM, got: [2] });
  assertEnded(found["RTMIN+1"]!, { code: 128 + STOPPING.SIGTERM, got: [35] });
}, nativeOnly(machine));

interface OnTerminal {
  code: number;
  reason: string;
  left: string[];
  /** The job's terminal is its caller's. */
  terminal: boolean;
  /** The terminal's modes are as they were. */
  unchanged: boolean;
}

machineTest(machine, "a job reads from a terminal; Ctrl-C and a hang-up end it", async () => {
  const found = await act<Record<string, OnTerminal>>("terminal");
  const ended = { reason: "killed", left: [], terminal: true, unchanged: true };
  assert.deepEqual(found, {
    "Ctrl-C": { code: codeAfter(STOPPING.SIGINT), ...ended },
    "hang up": { code: 129, ...ended },
  });
}, nativeOnly(machine));

interface Early {
  /** Runs that ended in an unexpected way. */
  wrong: unknown[];
  /** How many rows are in which state, for which reason. */
  states: Record<string, number>;
  left: string[];
  untracked: string[];
}

machineTest(machine, `a signal during the launch leaves nothing (${EARLY_TRIES} moments)`, async () => {
  const { wrong, states, left, untracked } = await act<Early>("early", { tries: EARLY_TRIES });
  assert.deepEqual({ wrong, left, untracked }, { wrong: [], left: [], untracked: [] });
  // Two jobs were run to learn how long a launch takes.
  const { "ended killed": killed = 0, ...others } = states;
  assert.deepEqual(others, { "ended exited": 2 });
  assert.ok(killed >= EARLY_TRIES / 8, `only ${killed} signals met a job`);
}, nativeOnly(machine));
