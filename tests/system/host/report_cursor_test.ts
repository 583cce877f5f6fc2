/** `corral report --cursor` that is killed (-9) at any moment: to a file each job comes once; to a pipe none is missing. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { runCommand } from "../../kit/machine/command.ts";
import { HostCorral } from "./host_corral.ts";

const machine = await machineUnderTest();
const JOBS = 4_000;
const TIMEOUT_MS = 240_000;
const PROGRAM = new URL("kill_cursor.py", import.meta.url).pathname;

interface Killed {
  kills: number;
  /** Behind the last line feed. */
  last: string;
  ids: string[];
}

async function killed(corral: HostCorral, kind: "file" | "pipe"): Promise<Killed> {
  await corral.run(["--best-effort"], ["true"]);
  const words = [machine.corral, "--state-dir", corral.stateDir];
  const argv = ["python3", PROGRAM, corral.storeFile, `${corral.stateDir}/cursor`, kind, ...words];
  return JSON.parse(await runCommand(argv, { timeoutMs: TIMEOUT_MS }));
}

machineTest(
  machine,
  "corral report --cursor to a file has each job once, however often it is killed",
  async () => {
    await using corral = await HostCorral.on(machine);
    const { kills, last, ids } = await killed(corral, "file");
    assert.ok(kills > 5, `killed ${kills} times`);
    assert.equal(last, "");
    assert.deepEqual([ids.length, new Set(ids).size], [JOBS, JOBS]);
  },
);

machineTest(
  machine,
  "corral report --cursor to a pipe misses no job, and says at most one piece twice a kill",
  async () => {
    await using corral = await HostCorral.on(machine);
    const { kills, ids: lines } = await killed(corral, "pipe");
    // A line that the kill tore is no JSON.
    const ids = lines.flatMap((line) =>
      /^\{"id":"(\w{6})".*\}(?=\{|$)/.exec(line)?.[1] ?? /\{"id":"(\w{6})"/.exec(line)?.[1] ?? []
    );
    assert.equal(new Set(ids).size, JOBS);
    assert.ok(ids.length - JOBS <= kills * PIECE_ROWS, `${ids.length} rows after ${kills} kills`);
  },
);

const PIECE_ROWS = 200;
